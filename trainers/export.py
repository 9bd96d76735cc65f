"""Writes a run as one model, bytes of pictures to features.

    tfcmc export runs/mine --format=onnx

Resizing, crop and colours are inside the model: it takes pictures `[batch,
height, width, 3]` of uint8, of any size, and gives `[batch, features]`, what
`tfcmc.load` gives. It is read again in a process that has no tfcmc and
compared with that on 64 pictures before it is there; how near it is, how long
it takes, and what it was trained on stand in a card beside it.

keras        a .keras file of Keras's own layers and operations
saved_model  a folder, for TensorFlow and TensorFlow Serving
onnx         an .onnx file; needs the extra "onnx"
litert       a .tflite file for pictures of one size, by default that at which
             the run read them; needs the extra "litert"
"""

from tfcmc.cli import command_line
from tfcmc.commands import export


def main(argv=None):
    """Reads the command line and exports."""
    export.run(command_line.parse(export.make_parser(__doc__), argv))


if __name__ == "__main__":
    command_line.run(main)
