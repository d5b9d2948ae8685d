"""The version of this program, as others are told it. A constant: asking the package costs 30 ms."""

VERSION = "0.1.0"
