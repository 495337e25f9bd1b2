"""Driver of the accelerator for Python and numpy; docs/driver.md has the protocol.

    import seigo
    overlay = seigo.Overlay("bundle")           # the board; or seigo.Simulated("/tmp/seigo.socket") as device
    image = overlay.bundle.image(picture)       # rows, columns, red green blue, of the network's size
    outputs, counters = overlay.run(image)      # integers of every output: channel, row, column

For other inputs than pictures, overlay.allocate() gives an image buffer and overlay.pack(image, numbers) fills it.
"""

from .bundle import Bundle, Step, Tensor
from .errors import BundleError, DeviceError, Fault, Mismatch, SeigoError, Timeout
from .overlay import Counters, Overlay
from .transports import Pynq, Simulated, Uio

__all__ = [
    "Bundle", "BundleError", "Counters", "DeviceError", "Fault", "Mismatch", "Overlay", "Pynq", "SeigoError",
    "Simulated", "Step", "Tensor", "Timeout", "Uio",
]
