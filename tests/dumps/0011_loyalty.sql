INSERT INTO users (id, username, email, password_hash, display_name, role, coach_id, referral_code, referred_by_id, timezone, timezone_changed_at, locale, is_active, session_epoch, version, created_at, updated_at, last_login_at, anonymised_at) VALUES
 (901, 'root', 'root@example.org', 'none', '', 'admin', NULL, 'ROOT0901', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL),
 (902, 'dana', 'dana@example.org', 'none', 'Dana', 'coach', NULL, 'DANA0902', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL),
 (903, 'mia', 'mia@example.org', 'none', 'Mia', 'client', 902, 'MIAA0903', NULL, 'Asia/Bangkok', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL),
 (904, 'cleo', 'cleo@example.org', 'none', '', 'client', NULL, 'CLEO0904', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL),
 (905, 'idle', 'idle@example.org', 'none', '', 'client', 902, 'IDLE0905', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL);
INSERT INTO levels (id, name, level_number, xp_required, icon) VALUES
 (901, 'Seedling', 1, 0, 'sprout'),
 (902, 'Mover', 2, 25, 'footprints'),
 (903, 'Shaker', 3, 45, 'medal');
UPDATE xp_event_types SET xp_amount = 25, daily_limit = 2 WHERE key = 'workout_logged';
INSERT INTO workout_logs (id, client_id, performed_at, performed_on, title, duration_minutes, timezone, notes, created_at) VALUES
 (901, 903, '2026-01-04 23:30:00.000000', '2026-01-05', 'Row', 30, 'Asia/Bangkok', '', '2026-01-05 00:10:00.000000'),
 (902, 904, '2026-01-05 08:00:00.000000', '2026-01-05', '', NULL, 'UTC', 'Wet', '2026-01-05 09:00:00.000000'),
 (903, 904, '2026-01-06 08:00:00.000000', '2026-01-06', '', NULL, 'UTC', '', '2026-01-06 09:00:00.000000');
INSERT INTO daily_logs (id, client_id, checked_at, checked_on, mood, weight_grams, sleep_minutes, timezone, notes, created_at) VALUES
 (901, 903, '2026-01-05 01:00:00.000000', '2026-01-05', 4, 61000, 430, 'Asia/Bangkok', '', '2026-01-05 01:00:00.000000'),
 (902, 903, '2026-01-06 01:00:00.000000', '2026-01-06', 5, NULL, NULL, 'Asia/Bangkok', '', '2026-01-06 01:00:00.000000');
INSERT INTO meal_logs (id, client_id, eaten_at, eaten_on, meal, timezone, notes, created_at) VALUES
 (901, 903, '2026-01-05 05:00:00.000000', '2026-01-05', 'lunch', 'Asia/Bangkok', 'Soup', '2026-01-05 05:10:00.000000');
INSERT INTO xp_transactions (id, user_id, kind, event_type_id, reverses_id, xp, points, source_key, metadata, occurred_at, occurred_on, created_at) VALUES
 (901, 903, 'event', (SELECT id FROM xp_event_types WHERE key = 'workout_logged'), NULL, 25, 20, 'workout:2026-01-04T23:30:00+00:00', '{"workout_log_id": 901}', '2026-01-04 23:30:00.000000', '2026-01-05', '2026-01-05 00:10:01.000000'),
 (902, 903, 'event', (SELECT id FROM xp_event_types WHERE key = 'daily_checkin'), NULL, 10, 10, 'checkin:2026-01-05', '{"daily_log_id": 901}', '2026-01-05 01:00:00.000000', '2026-01-05', '2026-01-05 01:00:01.000000'),
 (903, 904, 'event', (SELECT id FROM xp_event_types WHERE key = 'workout_logged'), NULL, 25, 20, 'workout:2026-01-04T08:00:00+00:00', '{"workout_log_id": 899}', '2026-01-04 08:00:00.000000', '2026-01-04', '2026-01-04 09:00:00.000000'),
 (904, 904, 'reversal', NULL, 903, 0, -20, 'undo:workout:2026-01-04T08:00:00+00:00', '{}', '2026-01-04 10:00:00.000000', '2026-01-04', '2026-01-04 10:00:01.000000'),
 (905, 904, 'event', (SELECT id FROM xp_event_types WHERE key = 'workout_logged'), NULL, 25, 20, 'workout:2026-01-05T08:00:00+00:00', '{"workout_log_id": 902}', '2026-01-05 08:00:00.000000', '2026-01-05', '2026-01-05 09:00:01.000000'),
 (906, 904, 'adjustment', NULL, NULL, 0, 7, 'adjustment:1', '{"why": "sorry"}', '2026-01-05 10:00:00.000000', '2026-01-05', '2026-01-05 10:00:00.000000');
INSERT INTO xp_refusals (id, user_id, source_key, event_key, reason, created_at) VALUES
 (901, 903, 'meal:2026-01-05T05:00:00+00:00:lunch', 'meal_logged', 'inactive', '2026-01-05 05:10:01.000000');
INSERT INTO user_xp_summaries (user_id, total_xp, available_points, current_level_id, celebrated_level) VALUES
 (903, 35, 30, 902, 2),
 (904, 50, 27, 903, 2),
 (905, 0, 0, 901, 1);
INSERT INTO outbox_events (id, topic, key, stream, payload, created_at, due_at, attempts, lease, leased_until, settled_at, set_aside_at, last_error) VALUES
 (901, 'xp', 'xp:904:workout:2026-01-05T08:00:00+00:00', 'user:904', '{"user_id": 904, "event_key": "workout_logged", "source": "workout:2026-01-05T08:00:00+00:00", "occurred_at": "2026-01-05T08:00:00+00:00", "local_date": "2026-01-05", "metadata": {"workout_log_id": 902}}', '2026-01-05 09:00:00.000000', '2026-01-05 09:00:00.000000', 1, NULL, NULL, '2026-01-05 09:00:01.000000', NULL, NULL),
 (902, 'xp', 'xp:903:checkin:2026-01-06', 'user:903', '{"user_id": 903, "event_key": "daily_checkin", "source": "checkin:2026-01-06", "occurred_at": "2026-01-06T01:00:00+00:00", "local_date": "2026-01-06", "metadata": {"daily_log_id": 902}}', '2026-01-06 01:00:00.000000', '2026-01-06 01:00:00.000000', 0, NULL, NULL, NULL, NULL, NULL),
 (903, 'xp', 'xp:904:workout:2026-01-06T08:00:00+00:00', 'user:904', '{"user_id": 904, "event_key": "workout_logged", "source": "workout:2026-01-06T08:00:00+00:00", "occurred_at": "2026-01-06T08:00:00+00:00", "local_date": "2026-01-06", "metadata": {"workout_log_id": 903}}', '2026-01-06 09:00:00.000000', '2026-01-06 09:00:00.000000', 0, NULL, NULL, NULL, NULL, NULL),
 (904, 'xp', 'xp:903:undo:workout:2026-01-04T23:30:00+00:00', 'user:903', '{"user_id": 903, "takes_back": "workout:2026-01-04T23:30:00+00:00", "occurred_at": "2026-01-06T02:00:00+00:00", "local_date": "2026-01-06"}', '2026-01-06 02:00:00.000000', '2026-01-06 02:00:00.000000', 0, NULL, NULL, NULL, NULL, NULL);
