"""`python -m perennial.sandbox.esp` runs the stand-in until it is told to stop."""

import uvicorn

from perennial.sandbox.esp.app import create_app
from perennial.sandbox.esp.settings import EspSettings


def main() -> None:
    """Serve with the settings of the environment."""
    settings = EspSettings.from_env()
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
