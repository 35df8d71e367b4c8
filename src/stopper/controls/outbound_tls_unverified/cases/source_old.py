import requests


def load(url, (user, password)):
    print "loading", url
    try:
        answer = requests.get(url, auth=(user, password), verify=False)  # bad
    except requests.RequestException, error:
        print >>log, error
        raise
    return requests.get(url, timeout=3)
