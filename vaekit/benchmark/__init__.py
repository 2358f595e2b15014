"""How fast the kit is on this machine, and how near that is to what the machine could do.

`suite` measures, `results` is the form of what it gives, `comparison` sets two of them side by
side. Nothing is imported here, since the last two do without Keras.
"""
