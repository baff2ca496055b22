"""Which system calls a bridge's process may make (seccomp(2)): all but those that reach beyond it.

Each of the refused ones is a way around the other layers. Who sends to an address connects without
connecting: a datagram goes to whoever listens at a path, and the first packet of a stream may carry data. The
"owner" of an open file is a process that is sent any signal. Limits and priorities can be set for all
processes of a user, and rights, times and labels of all their files, at which Landlock does not look. Memory
that is a file, or shared, is in no limit of a process.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys
from typing import NamedTuple


class _Machine(NamedTuple):
    audit: int
    socket: int
    socketpair: int
    clone: int
    prlimit: int
    fcntl: int
    ioctl: int
    prctl: int
    sends: tuple[int, int, int]
    """sendto sendmsg sendmmsg."""
    refused: tuple[int, ...]
    """In this order: connect bind listen (fork vfork) execve execveat, kill tkill tgkill rt_sigqueueinfo
    rt_tgsigqueueinfo, ptrace process_vm_readv process_vm_writev kcmp, unshare setns mount chroot pivot_root,
    bpf perf_event_open userfaultfd add_key request_key keyctl,
    (chmod) fchmod fchmodat (chown lchown) fchown fchownat (utime utimes futimesat) utimensat, setxattr
    lsetxattr fsetxattr removexattr lremovexattr fremovexattr, inotify_add_watch fanotify_init syslog,
    setpriority sched_setparam sched_setscheduler sched_setaffinity sched_setattr ioprio_set migrate_pages
    move_pages, memfd_create shmget shmat shmctl semget semctl semop semtimedop msgget msgctl msgrcv msgsnd
    mq_open."""


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        41,
        53,
        56,
        302,
        72,
        16,
        157,
        (44, 46, 307),
        (
            *(42, 49, 50, 57, 58, 59, 322, 62, 200, 234, 129, 297),
            *(101, 310, 311, 312, 272, 308, 165, 161, 155, 321, 298, 323, 248, 249, 250),
            *(90, 91, 268, 92, 94, 93, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 254, 300, 103),
            *(141, 142, 144, 203, 314, 251, 256, 279),
            *(319, 29, 30, 31, 64, 66, 65, 220, 68, 71, 70, 69, 240),
        ),
    ),
    "aarch64": _Machine(
        0xC00000B7,
        198,
        199,
        220,
        261,
        25,
        29,
        167,
        (206, 211, 269),
        (
            *(203, 200, 201, 221, 281, 129, 130, 131, 138, 240),
            *(117, 270, 271, 272, 97, 268, 40, 51, 41, 280, 241, 282, 217, 218, 219),
            *(52, 53, 55, 54, 88, 5, 6, 7, 14, 15, 16, 27, 262, 116),
            *(140, 118, 119, 122, 274, 30, 238, 239),
            *(279, 194, 196, 195, 190, 191, 193, 192, 186, 187, 188, 189, 180),
        ),
    ),
}
_EVERYWHERE = (424, 425, 426, 427, 428, 429, 434, 438, 440, 442, 447, 448, 452, 463, 466, 469)
"""pidfd_send_signal, io_uring (three), open_tree, move_mount, pidfd_open, pidfd_getfd, process_madvise,
mount_setattr, memfd_secret, process_mrelease, fchmodat2, setxattrat, removexattrat, file_setattr: the same on
all machines."""
_CLONE3 = 435

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16
"""Where they lie in `struct seccomp_data`; arguments have 8 bytes each, the lower half first."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
_CLONE_THREAD = 0x00010000
_AF_INET, _AF_INET6, _SOCK_STREAM, _IPPROTO_TCP = 2, 10, 1, 6
_MSG_FASTOPEN = 0x20000000
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_PR_SET_PDEATHSIG = 1

_Step = tuple[int, int, int, int]
_NO: _Step = (_RETURN, 0, 0, _ERROR | errno.EPERM)
_NOTHING: _Step = (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
_YES: _Step = (_RETURN, 0, 0, _ALLOW)


def filter_code() -> tuple[int, bytes]:
    """The filter for this machine: how many steps of classic BPF it has, and these.

    Raises:
        ValueError: the numbers of this machine's system calls are not known.
    """
    if (machine := _MACHINES.get(platform.machine())) is None or sys.byteorder != "little":
        raise ValueError("the numbers of this machine's system calls are not known")
    steps = _steps(machine)
    return len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps)


def _steps(machine: _Machine) -> list[_Step]:
    """All is allowed but the refused, new processes, and other sockets than streams."""
    sendto, sendmsg, sendmmsg = machine.sends
    no_first_packet = ((_IF_ANY, 0, 1, _MSG_FASTOPEN), _NO, _YES)
    program: list[_Step] = [
        (_LOAD, 0, 0, _MACHINE),
        *((_IF_EQUAL, 1, 0, machine.audit), _NO),
        (_LOAD, 0, 0, _NUMBER),
        *((_IF_AT_LEAST, 0, 1, _X32), _NO),
        *((_IF_EQUAL, 0, 1, _CLONE3), _NOTHING),  # its arguments cannot be seen; libraries take `clone` then
    ]
    for number in (*machine.refused, *_EVERYWHERE):
        program += [(_IF_EQUAL, 0, 1, number), _NO]
    program += [
        *_call(machine.clone, *_argument(0), (_IF_ANY, 0, 1, _CLONE_THREAD), _YES, _NO),
        *_call(machine.prlimit, *_argument(0), *_one_of(0)),  # its own limits alone
        *_call(machine.fcntl, *_argument(1), *_none_of(_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
        *_call(machine.ioctl, *_argument(1), *_none_of(_FIOSETOWN, _SIOCSPGRP)),
        *_call(machine.prctl, *_argument(0), *_none_of(_PR_SET_PDEATHSIG)),  # it dies with the node
        *_call(sendto, *_argument(3), *no_first_packet),
        *_call(sendmsg, *_argument(2), *no_first_packet),
        *_call(sendmmsg, *_argument(3), *no_first_packet),
        *_call(machine.socketpair, *_argument(1), (_AND, 0, 0, 0xF), *_one_of(_SOCK_STREAM)),
        *_call(
            machine.socket,
            *_argument(0),
            *((_IF_EQUAL, 2, 0, _AF_INET), (_IF_EQUAL, 1, 0, _AF_INET6), _NO),
            *_argument(2),
            *((_IF_EQUAL, 2, 0, 0), (_IF_EQUAL, 1, 0, _IPPROTO_TCP), _NO),
            *(*_argument(1), (_AND, 0, 0, 0xF), *_one_of(_SOCK_STREAM)),
        ),
        _YES,
    ]
    return program


def _call(number: int, *decide: _Step) -> list[_Step]:
    """What is decided about one call; the last step decides in any case."""
    return [(_IF_EQUAL, 0, len(decide), number), *decide]


def _argument(index: int) -> list[_Step]:
    return [(_LOAD, 0, 0, _ARGUMENT + 8 * index)]


def _one_of(*values: int) -> list[_Step]:
    return [*(step for value in values for step in ((_IF_EQUAL, 0, 1, value), _YES)), _NO]


def _none_of(*values: int) -> list[_Step]:
    return [*(step for value in values for step in ((_IF_EQUAL, 0, 1, value), _NO)), _YES]
