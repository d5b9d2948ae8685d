"""Every limit of the wire, each with its reason. Imports nothing, so that anybody may read them."""

KIB = 1024
MIB = 1024 * KIB

# A client's largest real message is a change of all settings at once: 3 kB with a hook of 500 characters.
MAX_REQUEST_BYTES = 64 * KIB
# What a client may hold in its queue as a whole (design.md 4, decision 3); one answer is never larger than that.
MAX_ANSWER_BYTES = 1 * MIB
# Orders and reports between supervisor and trainer: the largest is the list of blocks of a network, about 20 kB.
MAX_PIPE_BYTES = 1 * MIB

# A frame that was begun and does not arrive: the other side is another program, or hostile.
FRAME_TIMEOUT_S = 10.0

# --- what a message may hold
WELCOME_EVENTS = 200            # more than any console shows at once; older ones come by AskEvents
WELCOME_EVENT_BYTES = 384 * KIB     # and not more than this, so that a welcome fits in a frame with its state
MAX_EVENTS_AN_ANSWER = 500
EVENTS_ANSWER_BYTES = 768 * KIB
PREVIEW_ANSWER_BYTES = 960 * KIB    # pixels of one Preview; larger requests are answered at a smaller side_px
LOG_ANSWER_BYTES = 512 * KIB
LOG_LINE_CHARACTERS = 2_000
MAX_SERIES = 16                 # series of one AskHistory
MAX_PATTERN_CHARACTERS = 500    # a pattern of 50 block names; locks of the last 50 changes are in a welcome
MAX_NAME_CHARACTERS = 64        # of a run or a backup
MAX_LABEL_CHARACTERS = 60       # of a client, as others see it
MAX_WAITING = 64                # acts that wait for an iteration or a trainer: all of them are in a welcome

# --- clients
MAX_CLIENTS = 32                # each may hold 1 MiB
MAX_CLIENT_REQUESTS = 32        # unanswered at a time; more are refused
CLIENT_QUEUE_BYTES = MAX_ANSWER_BYTES
HELLO_TIMEOUT_S = 10.0
PING_S = 5.0                    # clients that stay send a Ping that often
LEASE_SILENCE_S = 15.0          # three missed pings: somebody else may steer
CLIENT_SILENCE_S = 60.0         # a suspended laptop; it comes back and asks for what it missed
