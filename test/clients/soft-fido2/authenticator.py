"""The authenticator in software of soft_fido2 (test/clients/conversation.ts): create and get, its client data, authenticator data and
signatures, all its own. Hears {"create": options} and {"get": options}; what it answers is handed on as a browser would."""
import json
import sys

from soft_fido2 import Fido2Authenticator, KeyPair

authenticator = Fido2Authenticator(keyPair=KeyPair.generate_ecdsa(), transports=["usb"])


def say(message):
    print(json.dumps(message), flush=True)


def unpadded(value):
    """Browsers write base64url without padding (WebAuthn Level 3 5.1)."""
    if isinstance(value, dict):
        return {name: unpadded(member) for name, member in value.items()}
    return value.rstrip("=") if isinstance(value, str) else value


given = json.loads(sys.stdin.readline())
say({"ready": True})
for line in sys.stdin:
    asked = json.loads(line)
    if "create" in asked:
        options = {**asked["create"], "origin": given["origin"]}
        made = authenticator.credential_create(options, uv=given["user_verified"])
    else:
        options = {**asked["get"], "origin": given["origin"]}
        made = authenticator.credential_request(options, uv=given["user_verified"])
    say({"credential": unpadded(made)})
