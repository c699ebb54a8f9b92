"""An authenticator out of Yubico's fido2: its encodings of credentials, authenticator data and client data, and its keys
(test/clients/conversation.ts). Hears {"create": options} and {"get": options}, and says what a browser would."""
import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG
key = ec.generate_private_key(ec.SECP256R1())
credential_id = os.urandom(32)
counter = 0


def say(message):
    print(json.dumps(message), flush=True)


def credential(**response):
    name = websafe_encode(credential_id)
    return {"id": name, "rawId": name, "type": "public-key", "response": response}


def signed(data, client_data):
    return key.sign(bytes(data) + client_data.hash, ec.ECDSA(hashes.SHA256()))


given = json.loads(sys.stdin.readline())
say({"ready": True})
for line in sys.stdin:
    asked = json.loads(line)
    counter += 1
    if "create" in asked:
        options = asked["create"]
        rp_id_hash = hashlib.sha256(options["rp"]["id"].encode()).digest()
        attested = AttestedCredentialData.create(
            bytes(16), credential_id, ES256.from_cryptography_key(key.public_key())
        )
        data = AuthenticatorData.create(
            rp_id_hash, FLAG.UP | FLAG.UV | FLAG.AT, counter, attested
        )
        client_data = CollectedClientData.create(
            CollectedClientData.TYPE.CREATE, options["challenge"], given["origin"]
        )
        statement = {"alg": ES256.ALGORITHM, "sig": signed(data, client_data)}
        made = AttestationObject.create("packed", data, statement)
        say(
            {
                "credential": credential(
                    clientDataJSON=websafe_encode(client_data),
                    attestationObject=websafe_encode(made),
                    transports=["usb"],
                )
            }
        )
    else:
        options = asked["get"]
        rp_id_hash = hashlib.sha256(options["rpId"].encode()).digest()
        data = AuthenticatorData.create(rp_id_hash, FLAG.UP | FLAG.UV, counter)
        client_data = CollectedClientData.create(
            CollectedClientData.TYPE.GET, options["challenge"], given["origin"]
        )
        say(
            {
                "credential": credential(
                    clientDataJSON=websafe_encode(client_data),
                    authenticatorData=websafe_encode(data),
                    signature=websafe_encode(signed(data, client_data)),
                )
            }
        )
