"""`python -m perennial.collector` runs the receiver until it is told to stop."""

import uvicorn

from perennial.collector.app import create_app
from perennial.collector.settings import CollectorSettings


def main() -> None:
    """Serve with the settings of the environment."""
    settings = CollectorSettings.from_env()
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
