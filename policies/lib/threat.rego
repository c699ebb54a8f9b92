# METADATA
# title: Threats
# description: >-
#   What follows from facts of risk. Functions and their numbers only. What anybody can raise from anywhere never keeps out
#   the owner's own device, or one in a network that the owner signed in from.
# schemas:
#   - data.rbac: schema.data.rbac
package lib.threat

# Failed attempts from one device or network, on one account, that cost nothing.
free_here := 10

# Those of all devices that the account does not know.
free_account := 30

# Seconds to wait after the next one, the one after it, and so on; the last holds on.
delays_here := [30, 60, 120, 240, 480, 900]

delays_account := [15, 30, 60, 120, 300]

# Failed attempts of one source in 15 minutes, and accounts that they were for in an hour: of devices that the account knows
# none are counted against it.
failures_per_address := 50

failures_per_subnet := 500

accounts_per_address := 20

accounts_per_subnet := 100

# While sign-ins fail everywhere, much less is suspicious.
accounts_per_address_in_surge := 3

accounts_per_subnet_in_surge := 10

# People who agreed in an hour to a client that registered itself within the last day.
lure_people := 20

lure_age_seconds := 86400

# Refresh tokens of one person at one client that came twice in an hour: more than an application makes that refreshes twice at
# a time now and then.
leaks := 10

# Assertions and proofs of a client itself that came twice in an hour.
copies := 8

# For how long after it rose a spike of introspections counts.
spike_seconds := 600

# How long the next attempt has to wait. The same from the owner's network as from elsewhere, and for a name that nobody has:
# else whoever shares the network could tell by it which names there are.
wait_seconds(risk) := max({wait_here(risk), wait_account(risk)})

# From the owner's network who is right goes on meanwhile. Elsewhere the same work is done for nothing.
while_waiting(risk) := "refuse" if {
	wait_here(risk) > 0
} else := "admit" if {
	own_place(risk)
} else := "check"

wait_here(risk) := left(delay(risk.failures.here - free_here, delays_here), risk.since_failure, "here")

wait_account(risk) := 0 if {
	risk.new_device == false
} else := left(delay(risk.failures.account - free_account, delays_account), risk.since_failure, "account")

own_place(risk) if risk.new_device == false

own_place(risk) if risk.network_known

# `over`: how many there were beyond the free ones.
delay(over, _) := 0 if over < 0

delay(over, delays) := delays[min([over, count(delays) - 1])]

left(seconds, since, name) := max([0, seconds - object.get(since, name, 0)])

source_trusted(risk) if risk.new_device == false

# Whoever guesses passwords there guesses no passkey, and nobody's word at a provider.
source_trusted(risk) if risk.unguessable

source_trusted(risk) if {
	risk.failures.address < failures_per_address
	risk.failures.subnet < failures_per_subnet
	risk.accounts_tried.address < accounts_at_most("address", risk.surge)
	risk.accounts_tried.subnet < accounts_at_most("subnet", risk.surge)
}

accounts_at_most("address", false) := accounts_per_address

accounts_at_most("address", true) := accounts_per_address_in_surge

accounts_at_most("subnet", false) := accounts_per_subnet

accounts_at_most("subnet", true) := accounts_per_subnet_in_surge

# Somebody guesses at the account, and this is no place of its owner: who is right from here may have guessed.
guessed_at(risk) if {
	risk.failures.account >= free_account
	not own_place(risk)
}

# Nothing says that somebody else has what the owner had.
owner_likely(risk) if {
	risk.impossible_travel == false
	risk.lately.refresh_reuse == 0
}

# From here on of `authorize`, `token` and `introspect`: signals of the last hour. They are told where one rose, and not otherwise.

# So many agree to a client so new that it may be a trap: the signal rises at half of what makes it one.
lure_suspected(risk) if {
	risk.self_registered
	risk.client_age_seconds < lure_age_seconds
	risk.client.consent_phishing
}

lure(risk) if {
	lure_suspected(risk)
	risk.client.consent_phishing.count >= lure_people
}

# Somebody tries passwords of many accounts from here.
stuffed_from(risk) if risk.address.credential_stuffing.count >= accounts_per_address

stuffed_from(risk) if risk.subnet.credential_stuffing.count >= accounts_per_subnet

# What this client has of the person comes from two places, again and again: nothing of anybody else's, and of no other client's.
leaking(risk) if risk.person_at_client.refresh_reuse.count >= leaks

# Somebody copies what the client proves itself with.
copied(risk) if risk.client.replay.count >= copies

# The client asks about far more tokens than it usually does.
spiking(risk) if risk.client.introspection_spike.seconds_ago < spike_seconds
