"""End-to-end encryption: Olm between devices, Megolm in rooms (ADR 0029). vodozemac does the work.

signing    JSON that somebody has signed
vault      what must outlive a crash, in step with the cursor
account    this device: its keys, and what others need to begin with it
devices    the devices of others, and whether they have signed them
recovery   the owner's own keys, from what the owner has written down; beginning makes the first ones
backup     keys of rooms, for the owner's later devices
sas        two devices compare, one comparison; comparing, those of the owner's devices
olm        between two devices
megolm     in rooms: opens what comes, closes what goes
files      in rooms too
ciphers    what vodozemac does not offer
"""
