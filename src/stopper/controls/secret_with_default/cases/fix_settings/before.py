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

A_SECRET_KEY = env.str("A_SECRET_KEY", "dev1")  # for the sessions
B_SECRET_KEY = env("B_SECRET_KEY", default="dev2")
C_SECRET_KEY = env.str("C_SECRET_KEY", "dev3", validate=len)
D_SECRET_KEY = config("D_SECRET_KEY", default="dev4")
E_SECRET_KEY = lookup("E_SECRET_KEY", default="dev5", cast=str)
F_SECRET_KEY = settings.get("F_SECRET_KEY", "dev6")  # by hand
I_SECRET_KEY = parser.get("auth", "secret", fallback="dev9")
J_SECRET_KEY = os.environ.get("A", os.environ.get("B", "dev10"))  # by hand
K_SECRET_KEY = os.getenv("A") or os.getenv("B") or "dev11"
L_SECRET_KEY = os.environ["C"] if "C" in os.environ else "dev12"
M_SECRET_KEY = (os.environ.get("D") or "dev13").encode()
N_SECRET_KEY = os.environ.get("E", "") or "dev14"

# for the workers
os.environ.setdefault("SECRET_KEY", "dev15")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    # of the sessions
    secret_key: str = "dev16"  # kept
    jwt_secret: SecretStr = SecretStr("dev17")
    api_secret: str = Field(default="dev18", min_length=4)
    client_secret: str = Field("dev19", alias="CLIENT_SECRET")
    signing_key: Annotated[str, Field(default="dev20")]
    session_secret: str = Field(default_factory=lambda: "dev21")
    name: str = "shop"


app = Flask(__name__)
app.config.from_mapping(SECRET_KEY=os.environ.get("K", "dev25"))
app.secret_key = app.config.get("SECRET_KEY", "dev29")  # by hand


def sign(claims, secret_key="changeme"):  # by hand
    return claims, secret_key
