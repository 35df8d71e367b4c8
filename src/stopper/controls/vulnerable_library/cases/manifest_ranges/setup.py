from setuptools import setup

setup(
    name="shop",
    install_requires=[
        "python-jwt==3.3.3",  # bad
        "pyjwt>=2.13,<3",  # ok
    ],
)
