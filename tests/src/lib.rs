//! What the whole-system tests share: starting real servers and browsers, and waiting for conditions.
