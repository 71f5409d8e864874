"""A proxy that adds a key to each request and changes nothing else, for clients that cannot send one."""
import contextlib, socket, threading

from common import free_port


class KeyProxy:
    def __init__(self, port, key):
        self.behind, self.key, self.port = port, key, free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """One request a connection: the server closes it, so nothing has to be understood but where the head ends."""
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.behind)) as server:
            head, body = b"", b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65536)
                if not piece:
                    return
                head += piece
            head, body = head.split(b"\r\n\r\n", 1)
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            lines += [b"Connection: close", b"Authorization: Bearer " + self.key.encode()]
            server.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
            back.start()
            self.pump(client, server, client)
            back.join()

    @staticmethod
    def pump(source, sink, gone=None):
        """Copies until the source ends. A client that goes takes the connection to the server with it."""
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR if gone is source else socket.SHUT_WR)
