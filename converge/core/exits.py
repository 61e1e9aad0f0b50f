"""The exit codes, as people are told of them. What ends with one stands where it ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit code: what it `means`, what `todo`, and the test that has it `shown`."""

    code: int
    means: str
    todo: str
    shown: str


_CODES, _MEMORY = "cli/test_exit_codes.py::", "cli/test_memory.py::"

EXITS = (
    Exit(
        0, "done: converged, valid, nothing to do", "nothing",
        _CODES + "test_0_and_2_with_detailed_exitcode",
    ),
    Exit(
        1,
        "failed, and nothing was done; `adopt`: something differs, and none of it can be adopted; "
        "`switchover`: the service is not where it should be; nothing else fits",
        "read the last lines on stderr",
        _CODES + "test_1_when_the_only_action_fails_and_3_when_some_are_done",
    ),
    Exit(
        2,
        "`plan --detailed-exitcode`: something is to be done; `replay`: something else would be; "
        "`drift`: something is not as desired, or redundancy is lost",
        "read what",
        _CODES + "test_0_and_2_with_detailed_exitcode",
    ),
    Exit(
        3, "some of it was done, some failed", "read which, mend it, apply again",
        _CODES + "test_1_when_the_only_action_fails_and_3_when_some_are_done",
    ),
    Exit(
        4,
        "held or refused by a guard; `switchover`, `repair`: the pair is not fit for it "
        "(`unfit-pair`)",
        "the code stands behind `held`, `held by` or `refused by`; `converge explain CODE` has "
        "its page",
        _CODES + "test_4_when_a_guard_stands_in_the_way",
    ),
    Exit(
        5, "the saved plan is stale, or was used already", "make a new one",
        "cli/test_saved.py::test_it_is_carried_out_exactly_and_once",
    ),
    Exit(
        6,
        "too little can be seen to decide: a node is silent, or what only you can make is not "
        "there (a file system); `repair`: a copy cannot be seen; `doctor`: nothing is wrong, and "
        "something could not be seen; `init`: nothing was found",
        "the lines with `?` say what is missing; `converge why RESOURCE` says why",
        _CODES + "test_6_when_a_node_is_silent",
    ),
    Exit(
        7,
        "`rehearse`, `prove`: an invariant was broken, or something did not come out as expected",
        "the lines with `!`",
        "cli/test_rehearse.py::test_what_is_broken_is_7",
    ),
    Exit(
        64,
        "usage: an unknown command, option, node, resource or URL; nobody there to agree to a "
        "plan, to answer `init`, or to type the name that `repair` asks for",
        "read what is allowed; `--help`",
        _CODES + "test_64_for_a_command_line_that_makes_no_sense",
    ),
    Exit(
        65,
        "a bad desired file or scenario; `validate --pair`: two files that cannot be one pair; a "
        "damaged plan, bundle, lab, ledger or input; `init`: what it wrote is not complete",
        "every problem is listed with its place", _CODES + "test_65_for_a_damaged_file",
    ),
    Exit(
        66,
        "a file that was named is not there; `replay`: the run kept nothing to decide upon",
        "name another", _CODES + "test_66_for_a_missing_file",
    ),
    Exit(
        69, "a machine cannot be reached (`lab run`; `doctor`, where nothing else is wrong)",
        "look at the machine",
        _CODES + "test_69_when_the_machine_is_off",
    ),
    Exit(
        70,
        "a bug in converge; `adopt`: the file would not read back as meant, and is as it was",
        "run it with `CONVERGE_DEBUG=1` and report what it prints",
        _CODES + "test_70_for_a_bug_of_ours_is_one_line",
    ),
    Exit(
        73,
        "the result cannot be written: `-o`, `--bundle`, the lab's file, the desired file "
        "(`adopt`); `init -o`: the file is there already; the lock, the journal, what was decided "
        "upon, or the ledger: then nothing was begun",
        "be root, or see `CONVERGE_STATE_DIR`, `CONVERGE_RUN_DIR`",
        _CODES + "test_73_when_the_result_cannot_be_written",
    ),
    Exit(
        74,
        "stdout cannot be written: a full disk, a closed descriptor; the disk of the journal or "
        "the ledger is full: nothing more was begun",
        "what was begun on the nodes has been done; `converge status`, `converge history`",
        _MEMORY + "test_nothing_is_begun_that_cannot_be_written_down",
    ),
    Exit(
        75,
        "another run is at work; `adopt`: somebody else changed the file meanwhile; nothing was "
        "done. Who was started by a trigger is heard: the "
        "other one makes one more run",
        "`--lock-timeout 30s`, or again later", _MEMORY + "test_75_while_another_run_is_at_work",
    ),
    Exit(
        78, "`doctor` found something wrong on a node", "each line with `!` says what to do",
        "test_doctor.py::test_a_broken_pair",
    ),
    Exit(
        130, "interrupted; what was running has ended, nothing else was begun", "apply again",
        _CODES + "test_a_signal_lets_the_running_actions_end",
    ),
    Exit(
        143, "terminated, in the same way", "apply again",
        _CODES + "test_a_signal_lets_the_running_actions_end",
    ),
)  # fmt: skip
"""In the order of the numbers. From 64 on they are those of sysexits(3)."""
