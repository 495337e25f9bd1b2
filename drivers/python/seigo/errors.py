"""What can go wrong, in words."""


class SeigoError(Exception):
    """What is wrong, and in `advice` what to do about it."""

    def __init__(self, message, advice):
        super().__init__(message)
        self.advice = advice


class DeviceError(SeigoError):
    """A device or a file cannot be opened or used."""


class BundleError(SeigoError):
    """A file of the bundle is not what it should be."""


class Mismatch(SeigoError):
    """Bitstream, program and bundle do not belong together."""


class Timeout(SeigoError):
    """The accelerator did not answer in time."""


class Fault(SeigoError):
    """The accelerator ended the frame by an error; `code` is that of docs/registers.md."""

    def __init__(self, code, message, advice):
        super().__init__(message, advice)
        self.code = code
