"""Ports are free, different, and those wished for where that is possible."""

import socket

from perennial.local.ports import LOOPBACK, free_ports


def test_all_are_different_and_can_be_listened_on() -> None:
    ports = free_ports(dict.fromkeys("abcdefgh"))
    assert len(set(ports.values())) == len(ports)
    for port in ports.values():
        with socket.create_server((LOOPBACK, port)):
            pass


def test_a_wish_is_granted_if_nobody_listens_there() -> None:
    wished = free_ports({"a": None})["a"]
    assert free_ports({"b": wished}) == {"b": wished}


def test_a_taken_port_is_replaced() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        wished = taken.getsockname()[1]
        assert free_ports({"a": wished})["a"] != wished


def test_two_services_with_the_same_wish_get_different_ports() -> None:
    wished = free_ports({"a": None})["a"]
    ports = free_ports({"a": wished, "b": wished})
    assert ports["a"] == wished != ports["b"]
