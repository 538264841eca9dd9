# shellcheck shell=bash
# `dev up`: a node on loopback for trying things.
