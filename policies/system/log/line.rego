package system.log

# METADATA
# title: Decision log line
# description: >-
#   Drop and mask of one event in one answer: an event is read once. Undefined where either is, and then each is asked.
# scope: document
# schemas:
#   - input: schema.system.log
line := {"drop": data.system.log.drop, "mask": data.system.log.mask}
