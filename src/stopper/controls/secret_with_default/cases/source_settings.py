import configparser
import os
import secrets
from dataclasses import dataclass, field
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

A_SECRET_KEY = env.str("A_SECRET_KEY", "dev1")  # bad
B_SECRET_KEY = env("B_SECRET_KEY", default="dev2")  # bad
with env.prefixed("SHOP_"):
    C_SECRET_KEY = env.str("SECRET_KEY", "dev3")  # bad
D_SECRET_KEY = config("D_SECRET_KEY", default="dev4")  # bad
E_SECRET_KEY = lookup("E_SECRET_KEY", default="dev5", cast=str)  # bad
F_SECRET_KEY = settings.get("F_SECRET_KEY", "dev6")  # bad
G_SECRET_KEY = settings("G_SECRET_KEY", "dev7")  # bad
H_SECRET_KEY = getattr(settings, "SECRET_KEY", "dev8")  # bad
I_SECRET_KEY = parser.get("auth", "secret", fallback="dev9")  # bad
J_SECRET_KEY = os.environ.get("A", os.environ.get("B", "dev10"))  # bad
K_SECRET_KEY = os.getenv("A") or os.getenv("B") or "dev11"  # bad
use(parser.get("auth", "client_secret", fallback="dev12"))  # bad
use(env.str("SECRET_KEY", "dev13"))  # bad
use(settings.get("JWT_SECRET_KEY", "dev14"))  # bad
os.environ.setdefault("SECRET_KEY", "dev15")  # bad
L_SECRET_KEY = "dev" if DEBUG else os.environ["SECRET_KEY"]
M_SECRET_KEY = env.str("SECRET_KEY")  # ok
N_SECRET_KEY = env.str("SECRET_KEY", None)
O_SECRET_KEY = env.str("SECRET_KEY", "")
P_SECRET_KEY = config("SECRET_KEY")  # ok
Q_SECRET_KEY = os.environ.get("SECRET_KEY", secrets.token_hex(32))  # ok


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    secret_key: str = "dev16"  # bad
    jwt_secret: SecretStr = SecretStr("dev17")  # bad
    api_secret: str = Field(default="dev18")  # bad
    client_secret: str = Field("dev19", alias="CLIENT_SECRET")  # bad
    signing_key: Annotated[str, Field(default="dev20")]  # bad
    session_secret: str = Field(default_factory=lambda: "dev21")  # bad
    hmac_key: str
    cookie_secret: str = Field(...)
    app_secret: str = Field(default_factory=lambda: secrets.token_hex(32))
    token_secret: str | None = None


@dataclass
class Options:
    secret_key: str = "dev22"
    client_secret: str = field(default="dev23")  # bad


app = Flask(__name__)
app.config.setdefault("SECRET_KEY", "dev24")  # bad
app.config.from_mapping(SECRET_KEY=os.environ.get("K", "dev25"))  # bad
app.config.from_mapping({"SECRET_KEY": os.environ.get("K") or "dev26"})  # bad
app.config.update(dict(SECRET_KEY=os.getenv("K", "dev27")))  # bad
app.config["SECRET_KEY"] = app.config.get("SECRET_KEY") or "dev28"  # bad
app.secret_key = app.config.get("SECRET_KEY", "dev29")  # bad
try:
    app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]  # ok
except KeyError:
    app.config["JWT_SECRET_KEY"] = "dev30"
