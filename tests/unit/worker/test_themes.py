"""What users of other importers complain about, and the tests that keep each of it from happening here.

Numbers and order are those of the survey of such complaints; the table names tests wherever they stand.
Out of scope, and so not in it: pages that shrink by themselves (15), and configurations in a user interface (19).
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
KNOWN = {
    name
    for path in TESTS.rglob("test_*.py")
    for name in re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
}

THEMES = {
    "01 a server that hangs or pages for ever stalls the sync": [
        "test_a_stall_ends_at_the_read_time_out",
        "test_a_trickle_ends_at_the_total_time_out",
        "test_a_walk_over_any_graph_of_pages_ends",
        "test_faults_that_last",
    ],
    "02 the last page comes again and again": [
        "test_the_last_page_once_more_ends_the_walk_where_the_file_says_so",
        "test_the_last_page_once_more_brings_no_records_twice",
        "test_a_repeated_page_before_the_total_ends_nothing",
    ],
    "03 a stop condition is ignored, or undone by another": [
        "test_has_more_ends_a_walk_whose_last_page_still_holds_a_cursor",
        "test_has_more_does_not_open_again_what_another_condition_ended",
        "test_a_cursor_that_stays_the_same_is_a_circle",
    ],
    "04 equal pages end a walk that makes progress": [
        "test_pages_with_the_same_content_are_no_circle_where_their_tokens_differ",
        "test_counted_pages_with_the_same_content_can_be_accepted",
    ],
    "05 one failure starts everything over": [
        "test_a_walk_resumed_from_any_stored_cursor_gives_the_same_rest",
        "test_a_resumed_run_goes_on_in_its_execution",
    ],
    "06 the position runs ahead of what was delivered": [
        "test_an_import_survives_kills",
        "test_an_import_is_exact_wherever_its_steps_end",
    ],
    "07 the next attempt does not know what the one before reached": [
        "test_another_worker_goes_on",
        "test_a_worker_that_is_told_to_stop_finishes_its_steps_and_the_import_goes_on",
    ],
    "08 a resumed full load keeps only its second half": [
        "test_resuming_where_the_execution_is_gone_begins_anew_from_page_one",
        "test_an_execution_that_vanishes_is_begun_anew_from_page_one",
        "test_an_execution_that_expires_while_the_worker_is_dead",
    ],
    "09 one bad stream costs the others their progress": ["test_what_other_resources_have_read_is_not_read_again"],
    "10 no way to skip a record, to see all its faults, or to retry an error with status 200": [
        "test_within_the_budget_the_run_succeeds_and_keeps_the_records_with_all_their_reasons",
        "test_a_record_that_fails_is_quarantined_with_all_its_reasons_and_makes_nothing",
        "test_what_an_action_does",
        "test_what_a_condition_holds_for",
    ],
    "11 the set is cut short in silence": [
        "test_pages_that_end_before_the_stated_total_never_complete",
        "test_fewer_records_than_the_source_states_are_not_whole",
        "test_a_walk_that_gives_rows_twice_and_leaves_others_out_is_not_whole",
        "test_rows_that_move_between_pages",
        "test_a_row_that_goes_while_pages_are_read_leaves_a_gap",
        "test_far_fewer_objects_than_in_the_last_good_run",
    ],
    "12 credentials go wherever a link leads": [
        "test_next_links_never_leave_the_origin",
        "test_neither_redirects_nor_links_lead_off_the_origin",
        "test_metadata_services_are_reached_by_nobody",
        "test_client_credentials_are_sent_to_the_token_endpoint_and_nowhere_else",
    ],
    "13 testing a connection asks without bounds": [
        "test_requests_are_few_and_not_repeated",
        "test_a_preview_is_bounded_in_bytes",
        "test_a_check_tells_every_fault_after_one_attempt",
    ],
    "14 throttling looks like a hang": [
        "test_waiting_for_the_source_is_shown",
        "test_its_rate_limiter_is_respected",
        "test_a_backoff_on_a_good_answer_is_respected",
        "test_throttling_for_longer_than_the_patience_suspends",
    ],
    "15 memory grows with what the source answers": [
        "test_a_gzip_bomb_ends_at_the_bound",
        "test_one_byte_beyond_the_bound_is_too_much",
        "test_a_page_that_is_larger_than_one_commit",
    ],
    "16 incremental loads carry no deletions": [
        "test_what_changed_is_read_and_tombstones_are_left_out",
        "test_an_incremental_run_is_neither_compared_nor_compared_with",
        "test_full_reads_everything_again",
    ],
    "17 the client's secret goes into the body only": [
        "test_client_credentials_are_sent_to_the_token_endpoint_and_nowhere_else"
    ],
    "18 time-outs are not retried, and an empty page in the middle ends the walk": [
        "test_faults_that_pass",
        "test_an_empty_page_in_the_middle_ends_nothing_where_pages_name_the_next",
        "test_an_empty_page_in_the_middle_of_counted_pages_can_be_passed",
    ],
    "19 faults of the configuration come late and are vague": [
        "test_a_fault_is_named_with_line_path_and_remedy",
        "test_all_faults_come_at_once_in_the_order_of_the_file",
    ],
    "20 part of the position is lost at a restart": [
        "test_a_lane_survives_being_written",
        "test_the_choice_is_pinned_in_the_cursor_and_holds_for_later_pages",
        "test_its_state_survives_json_and_stays_small",
    ],
    "21 retries without an end hammer the source": [
        "test_a_short_retry_after_without_end_is_handed_on_in_the_end",
        "test_a_source_that_stays_away",
        "test_the_smallest_file_works_as_it_stands_and_has_the_documented_defaults",
    ],
    "22 concurrency and paging ignore the rate limit": [
        "test_retries_pages_and_tokens_all_cost_permits",
        "test_two_workers_never_exceed_any_window_together",
        "test_its_rate_limiter_is_respected",
    ],
    "23 the state of partitions grows without bound": [
        "test_a_lane_stays_small_however_much_it_has_read",
        "test_more_parents_than_allowed_fail_the_run",
    ],
    "24 runs are cut at a time limit and leave no record": [
        "test_a_run_that_nothing_can_move_gets_a_terminal_record_and_frees_its_destination",
        "test_a_step_that_became_a_dead_letter_fails_the_run",
        "test_a_lost_finalizer_is_pushed_again",
    ],
}


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_tests(theme):
    assert set(THEMES[theme]) <= KNOWN
