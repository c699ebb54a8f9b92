# METADATA
# title: Clients
# description: How a client proves who it is. Functions only.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.clients

# RFC 6749 section 2.3: by a secret, an assertion (RFC 7523) or a certificate (RFC 8705). A public client proves nothing.
authenticated(client) if {
	client.type == "confidential"
	client.auth_method in {
		"client_secret_basic", "client_secret_post", "client_secret_jwt",
		"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth",
	}
}
