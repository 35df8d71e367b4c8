"""A warning hidden in one place, for what is left out in another."""

import requests
import urllib3
from urllib3.exceptions import DependencyWarning, InsecureRequestWarning

SERVICE = "https://secret.example/api"

urllib3.disable_warnings(InsecureRequestWarning)  # bad
requests.packages.urllib3.disable_warnings()  # bad
urllib3.disable_warnings(DependencyWarning)


def ask(path, certificate):
    return requests.get(SERVICE + path, verify=certificate)
