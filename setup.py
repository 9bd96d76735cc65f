"""Packaging of tfcmc: the library, and its commands beside it."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (HERE / "tfcmc" / "__init__.py").read_text()
).group(1)
PACKAGES = ("tfcmc", "trainers", "tuning")


def long_description() -> str:
    """Returns the README without links into the checkout.

    The project has no address yet that they could lead to: figures are left
    out, and of other links the text is kept.
    """
    text = (HERE / "README.md").read_text("utf-8")
    inner = r"\[([^\]]*)\]\((?!https?://)[^)]*\)"
    return re.sub(inner, r"\1", re.sub(rf"!{inner}\n\n", "", text))


setup(
    name="tfcmc",
    version=VERSION,
    description="Which contrastive loss, and what did it do to the "
    "representation? Contrastive multiview coding in TensorFlow and Keras 3",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    author="The tfcmc authors",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    keywords="contrastive learning, self-supervised learning, representation "
    "learning, collapse, alignment, uniformity, keras, tensorflow",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        # macOS and Windows are not tested.
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    packages=find_packages(include=[f"{each}*" for each in PACKAGES]),
    package_data={
        "tfcmc.report": ["*.html", "*.css", "*.js"],
        **dict.fromkeys(PACKAGES, ["py.typed"]),
    },
    entry_points={"console_scripts": ["tfcmc = tfcmc.__main__:main"]},
    python_requires=">=3.10",
    install_requires=[
        "tensorflow>=2.20",
        "keras>=3.12",
        "tensorflow-datasets>=4.9.9",
        # Records read in any order; tensorflow-datasets brings it.
        "array_record>=0.8.1; platform_system == 'Linux'",
        # tensorflow-datasets imports it and does not declare it.
        "importlib_resources>=6.0",
        "tensorboard>=2.20",
        "numpy>=1.26",
        "scipy>=1.13",
        "scikit-learn>=1.5",
        # Tables: the spread over seeds, and CSV, from one frame.
        "pandas>=2.2.2",
        # The page of a report, every name in it escaped.
        "jinja2>=3.1",
        # Some private names of it are used: those of 1.4.
        "keras-tuner>=1.4.7,<1.5",
        # The file of a study; from Python 3.11 on it is Python's own.
        "tomli>=2.0; python_version < '3.11'",
        "threadpoolctl>=3.1",
        "filelock>=3.13",
        "matplotlib>=3.9",
        "pillow>=10.4",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.20"],
        "parquet": ["pyarrow>=18"],
        # Of tfcmc export: it writes a format and reads it again.
        "onnx": ["tf2onnx>=1.17", "onnxruntime>=1.23.2"],
        # Datasets of Hugging Face's, without code of theirs.
        "hf": ["datasets>=5.2"],
        # TensorBoard's tab for traces.
        "profile": ["xprof>=2.22.3"],
        "litert": ["ai-edge-litert>=2.3"],
        # The site, its notebooks run.
        "docs": [
            "sphinx>=8.1",
            "furo>=2024.8",
            "myst-nb>=1.3",
            "sphinx-copybutton>=0.5",
            "ipykernel>=6.29",
        ],
        "bench": [
            "torch>=2.4",
            "torchvision>=0.19",
            "scikit-image>=0.24",
            # Decodes JPEG and does nothing else.
            "simplejpeg>=1.8",
        ],
        "test": [
            "pytest>=8.3",
            "pytest-xdist>=3.8",
            # Builds the wheel whose files a test looks through.
            "setuptools>=77.0.3",
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
