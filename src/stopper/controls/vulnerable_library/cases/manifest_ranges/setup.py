from setuptools import setup

setup(
    name="shop",
    install_requires=[
        "python-jwt==3.3.3",  # bad
        "pyjwt>=2.15,<3",  # ok
    ],
)
