# SPDX-License-Identifier: MIT
"""A libvirt daemon that says whatever it likes, by libvirt's own protocol.

libvirt's RPC (https://libvirt.org/kbase/internals/rpc.html): a message is its
length and six numbers, big-endian as in XDR (RFC 4506), then what belongs to
the call. Only what a client needs to open a connection and to ask who it
speaks to is answered.
"""

import os
import socket
import struct
import threading

# remote_protocol.x
OPEN, GET_TYPE, AUTH_LIST, GET_LIB_VERSION = 1, 3, 66, 157
REPLY, OK, ERROR = 1, 0, 1

VERSION = 9_000_000


def pack_string(data):
    """XDR's string: its length, and zeros up to a multiple of four."""
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def pack_error(code, domain, message):
    """remote_error: most of it is optional, and absent."""
    return (struct.pack(">iiI", code, domain, 1) + pack_string(message)
            + struct.pack(">i", 2)      # VIR_ERR_ERROR
            + struct.pack(">4I", 0, 0, 0, 0)    # no domain, no strings
            + struct.pack(">ii", 0, 0)
            + struct.pack(">I", 0))     # no network


def receive(stream, size):
    data = b""
    while len(data) < size:
        chunk = stream.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


class Daemon:
    """Listens at a socket until it is closed; a thread answers.

    message: an error for whoever opens; else it is the hypervisor's type.
    """

    def __init__(self, path, kind=b"", message=None, code=1, domain=0):
        self._kind = kind
        self._error = message and pack_error(code, domain, message)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self):
        """Nobody is let in any more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        while True:
            try:
                stream, _ = self._socket.accept()
            except OSError:
                return
            with stream:
                try:
                    while True:
                        self._answer(stream)
                except (EOFError, ConnectionError):
                    pass

    def _answer(self, stream):
        (size,) = struct.unpack(">I", receive(stream, 4))
        call = receive(stream, size - 4)
        program, version, procedure, _, serial, _ = \
            struct.unpack(">IIiiIi", call[:24])
        body = self._find_answer(procedure)
        status = OK
        if body is None:
            body, status = self._error or pack_error(1, 0, b"no"), ERROR
        answer = struct.pack(">IIiiIi", program, version, procedure, REPLY,
                             serial, status) + body
        stream.sendall(struct.pack(">I", len(answer) + 4) + answer)

    def _find_answer(self, procedure):
        """What comes back; None: an error."""
        if procedure == AUTH_LIST:
            return struct.pack(">Ii", 1, 0)     # one kind, none
        if procedure == OPEN and self._error is None:
            return b""
        if procedure == GET_TYPE:
            return pack_string(self._kind)
        if procedure == GET_LIB_VERSION:
            return struct.pack(">Q", VERSION)
        return None
