"""What stands in front of the message library: it takes the last of two where proto3 JSON's rules refuse both.

The library's parser also descends as deep as it is told to, until the stack is gone; nothing reaches it unmeasured.
"""
