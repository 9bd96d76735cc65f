"""Packaging of tfcmc; the commands in trainers/ run from the checkout."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (HERE / "tfcmc" / "__init__.py").read_text()
).group(1)

setup(
    name="tfcmc",
    version=VERSION,
    description="Which contrastive loss, and what did it do to the "
    "representation? Contrastive multiview coding in TensorFlow and Keras 3",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["tfcmc", "tfcmc.*"]),
    package_data={"tfcmc.report": ["*.html", "*.css", "*.js"]},
    python_requires=">=3.10",
    install_requires=[
        "tensorflow>=2.20",
        "keras>=3.10",
        "tensorflow-datasets>=4.9.9",
        # tensorflow-datasets imports it and does not declare it.
        "importlib_resources",
        "tensorboard>=2.20",
        "numpy>=1.26",
        "scipy>=1.13",
        "scikit-learn>=1.5",
        # Tables: the spread over seeds, and CSV, from one frame.
        "pandas>=2.2.2",
        # The page of a report, every name in it escaped.
        "jinja2>=3.1",
        "keras-tuner>=1.4.7",
        "threadpoolctl>=3.1",
        "filelock>=3.13",
        "matplotlib>=3.9",
        "pillow>=10.4",
    ],
    extras_require={
        "parquet": ["pyarrow>=18"],
        "bench": ["torch>=2.4", "scikit-image>=0.24"],
        "test": [
            "pytest>=8.3",
            "pytest-xdist>=3.7",
            # Checks that a room imports only from rooms below it.
            "import-linter>=2.1",
            "ruff>=0.12",
            "scikit-image>=0.24",
            "pyarrow>=18",
            "selenium>=4.25",
            "hypothesis>=6.112",
            # Its wheels are for Linux on x86-64 alone.
            "atheris>=2.3; sys_platform == 'linux' "
            "and platform_machine == 'x86_64' and python_version < '3.14'",
        ],
    },
)
