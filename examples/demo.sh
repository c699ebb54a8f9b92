# Read by the other scripts: what `make run` wrote to var/dev/credentials.json, as shell variables. Needs node.
credentials=${DEMO_CREDENTIALS:-$(dirname "$0")/../var/dev/credentials.json}
[ -r "$credentials" ] || { echo "no $credentials: start the demo with make run" >&2; exit 1; }

# field PATH FILE: a member of a JSON file (- for standard input), e.g. field client.client_id file.json
field() {
  node -e 'const [path, file] = process.argv.slice(1)
    const text = require("node:fs").readFileSync(file === "-" ? 0 : file, "utf8")
    console.log(path.split(".").reduce((value, key) => value?.[key], JSON.parse(text)) ?? "")' "$1" "$2"
}

issuer=$(field issuer "$credentials")
policy=$(field policy "$credentials")
client=$(field client.client_id "$credentials"):$(field client.client_secret "$credentials")
resource_server=$(field resource_server.client_id "$credentials"):$(field resource_server.client_secret "$credentials")
admin=$(field admin_client.client_id "$credentials"):$(field admin_client.client_secret "$credentials")
