"""The streaming side: settings, topics, codec, the guarded stage loop, the agents, the join and the command line."""
