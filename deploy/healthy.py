"""Health check: `healthy.py URL [COMPONENT]`: does the URL answer, and call the component healthy?"""

import sys

import requests

url, *component = sys.argv[1:]
response = requests.get(url, timeout=8)
response.raise_for_status()
if component and response.json()[component[0]]["status"] != "healthy":
    sys.exit(f"{component[0]} is not healthy: {response.text}")
