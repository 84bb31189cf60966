# SPDX-License-Identifier: MIT
"""What tests/trust/escaping consists of."""
