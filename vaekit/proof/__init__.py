"""`vaekit prove`: what is installed here, held to mathematics.

A `Claim` is one thing that must be so, and how it is tried; `claims` has all of them. Each backend
tries them in a process of its own, and a certificate tells what came of each. What is claimed rests
on NumPy, quadrature and eigendecompositions, never on the kit's own arithmetic.
"""
