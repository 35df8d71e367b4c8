import configparser
import os
from typing import Annotated

from decouple import AutoConfig, config
from dynaconf import Dynaconf
from environs import Env
from flask import Flask
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

env = Env()
settings = Dynaconf()
lookup = AutoConfig()
parser = configparser.ConfigParser()

A_SECRET_KEY = env.str("A_SECRET_KEY")  # for the sessions
B_SECRET_KEY = env("B_SECRET_KEY")
C_SECRET_KEY = env.str("C_SECRET_KEY", validate=len)
D_SECRET_KEY = config("D_SECRET_KEY")
E_SECRET_KEY = lookup("E_SECRET_KEY", cast=str)
F_SECRET_KEY = settings.get("F_SECRET_KEY", "dev6")  # by hand
I_SECRET_KEY = parser.get("auth", "secret")
J_SECRET_KEY = os.environ.get("A", os.environ.get("B", "dev10"))  # by hand
K_SECRET_KEY = os.getenv("A") or os.environ["B"]
L_SECRET_KEY = os.environ["C"]
M_SECRET_KEY = (os.environ["D"]).encode()
N_SECRET_KEY = os.environ["E"]

# for the workers
if "SECRET_KEY" not in os.environ:
    raise RuntimeError("the environment variable SECRET_KEY has to be set")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    # of the sessions
    secret_key: str  # kept
    jwt_secret: SecretStr
    api_secret: str = Field(min_length=4)
    client_secret: str = Field(alias="CLIENT_SECRET")
    signing_key: Annotated[str, Field()]
    session_secret: str = Field()
    name: str = "shop"


app = Flask(__name__)
app.config.from_mapping(SECRET_KEY=os.environ["K"])
app.secret_key = app.config.get("SECRET_KEY", "dev29")  # by hand


def sign(claims, secret_key="changeme"):  # by hand
    return claims, secret_key
