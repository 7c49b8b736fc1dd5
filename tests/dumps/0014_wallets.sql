INSERT INTO users (id, username, email, password_hash, display_name, role, coach_id, referral_code, referred_by_id, timezone, timezone_changed_at, locale, is_active, session_epoch, version, created_at, updated_at, last_login_at, anonymised_at) VALUES
 (901, 'root', 'root@example.org', 'none', '', 'admin', NULL, 'DUMP901', NULL, 'UTC', NULL, 'en', true, 1, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, NULL),
 (902, 'mia', 'mia@example.org', 'none', '', 'client', NULL, 'DUMP902', NULL, 'UTC', NULL, 'en', true, 1, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, NULL),
 (903, 'cleo', 'cleo@example.org', 'none', '', 'client', NULL, 'DUMP903', NULL, 'UTC', NULL, 'en', true, 1, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, NULL),
 (904, 'noah', 'noah@example.org', 'none', '', 'client', NULL, 'DUMP904', NULL, 'UTC', NULL, 'en', true, 1, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, NULL);
INSERT INTO offers (id, external_id, name, description, category, payout_cents, url, is_active, version, created_at, updated_at) VALUES
 (901, 'survey', 'Survey', '', 'surveys', 2000, '', true, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000'),
 (902, 'trial', 'Trial', '', '', 5000, '', true, 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000'),
 (903, 'old', 'Old app', '', '', 199, '', false, 2, '2026-03-02 12:00:00.000000', '2026-02-02 14:00:00.000000');
INSERT INTO promotions (id, kind, title, description, is_active, starts_at, ends_at, usage_limit, per_user_limit, used_count, min_amount_cents, requires_account, release_on_refund, is_public, display_order, image, terms_and_conditions, version, created_by, updated_by, created_at, updated_at, archived_at, active_hours, auto_deactivate_on_max_uses, auto_deactivated_at, deactivated_by) VALUES
 (901, 'offer', 'Ten on top', '', true, NULL, NULL, NULL, NULL, 2, 0, true, true, false, 0, NULL, '', 1, NULL, NULL, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, '{"enabled": false, "start_time": "00:00", "end_time": "23:59", "timezone": "UTC", "weekdays": []}', true, NULL, NULL),
 (902, 'offer', 'Five flat', '', true, NULL, NULL, NULL, 2, 1, 0, true, true, false, 0, NULL, '', 1, NULL, NULL, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, '{"enabled": false, "start_time": "00:00", "end_time": "23:59", "timezone": "UTC", "weekdays": []}', true, NULL, NULL),
 (903, 'offer', 'Last one', '', false, NULL, NULL, 1, NULL, 1, 0, true, true, false, 0, NULL, '', 2, NULL, NULL, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, '{"enabled": false, "start_time": "00:00", "end_time": "23:59", "timezone": "UTC", "weekdays": []}', true, '2026-01-31 15:00:00.000000', 'system'),
 (904, 'offer', 'Trials', '', true, NULL, NULL, NULL, NULL, 1, 0, true, true, false, 0, NULL, '', 1, NULL, NULL, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, '{"enabled": false, "start_time": "00:00", "end_time": "23:59", "timezone": "UTC", "weekdays": []}', true, NULL, NULL),
 (905, 'offer', 'Early', '', true, '2026-01-30 12:00:00.000000', '2026-02-01 00:00:00.000000', NULL, NULL, 1, 0, true, true, false, 0, NULL, '', 1, NULL, NULL, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', NULL, '{"enabled": false, "start_time": "00:00", "end_time": "23:59", "timezone": "UTC", "weekdays": []}', true, NULL, NULL);
INSERT INTO offer_codes (promotion_id, bonus_type, bonus_value, max_bonus_cents) VALUES
 (901, 'percentage', 1000, NULL),
 (902, 'fixed', 500, NULL),
 (903, 'percentage', 5000, 800),
 (904, 'percentage', 10000, NULL),
 (905, 'percentage', 500, NULL);
INSERT INTO offer_code_scopes (promotion_id, offer_id) VALUES
 (904, 902);
INSERT INTO promotion_codes (id, promotion_id, code, batch_id, usage_limit, used_count, auto_deactivated_at) VALUES
 (901, 901, 'TENPLUS', NULL, NULL, 2, NULL),
 (902, 902, 'FIVEFLAT', NULL, NULL, 1, NULL),
 (903, 903, 'LAST-ONE', NULL, NULL, 1, NULL),
 (904, 904, 'TRIALS', NULL, NULL, 1, NULL),
 (905, 905, 'EARLY', NULL, NULL, 1, NULL);
INSERT INTO user_promo_codes (id, user_id, promotion_id, code_id, status, applied_at, removed_at) VALUES
 (901, 902, 901, 901, 'removed', '2026-01-31 13:00:00.000000', '2026-01-31 15:00:00.000000'),
 (902, 902, 901, 901, 'removed', '2026-01-31 17:00:00.000000', '2026-01-31 19:00:00.000000'),
 (903, 902, 902, 902, 'applied', '2026-01-31 20:00:00.000000', NULL),
 (904, 903, 903, 903, 'applied', '2026-01-31 13:00:00.000000', NULL),
 (905, 903, 904, 904, 'applied', '2026-01-31 14:00:00.000000', NULL),
 (906, 903, 905, 905, 'applied', '2026-01-31 14:00:00.000000', NULL),
 (907, 904, 901, 901, 'removed', '2026-01-31 13:00:00.000000', '2026-01-31 14:00:00.000000');
INSERT INTO conversions (id, conversion_id, offer_id, user_id, payout_cents, completed_at, received_at, recorded_by_id, bonus_cents, code, passed_over, reversed_at) VALUES
 (901, 'net-1', 901, 902, 2000, '2026-01-31 14:00:00.000000', '2026-01-31 14:00:00.000000', NULL, 200, 'TENPLUS', '[]', NULL),
 (902, 'net-2', 901, 902, 2000, '2026-01-31 16:00:00.000000', '2026-01-31 16:00:00.000000', NULL, 0, NULL, '[]', NULL),
 (903, 'net-3', 902, 902, 5000, '2026-01-31 18:00:00.000000', '2026-01-31 18:00:00.000000', NULL, 500, 'TENPLUS', '[]', NULL),
 (904, 'net-4', 901, 902, 2000, '2026-01-31 21:00:00.000000', '2026-01-31 21:00:00.000000', NULL, 500, 'FIVEFLAT', '[]', NULL),
 (905, 'net-5', 902, 902, 5000, '2026-01-31 22:00:00.000000', '2026-01-31 22:00:00.000000', NULL, 500, 'FIVEFLAT', '[]', '2026-02-01 01:00:00.000000'),
 (906, 'net-6', 901, 902, 2000, '2026-01-31 23:00:00.000000', '2026-01-31 23:00:00.000000', NULL, 0, NULL, '[{"code": "FIVEFLAT", "reason": "user_limit_reached"}]', NULL),
 (907, 'net-7', 901, 903, 2000, '2026-01-31 15:00:00.000000', '2026-01-31 15:00:00.000000', NULL, 800, 'LAST-ONE', '[{"code": "TRIALS", "reason": "not_eligible"}]', NULL),
 (908, 'net-8', 903, 903, 1995, '2026-01-31 16:00:00.000000', '2026-01-31 16:00:00.000000', NULL, 100, 'EARLY', '[{"code": "LAST-ONE", "reason": "usage_limit_reached"}, {"code": "TRIALS", "reason": "not_eligible"}]', NULL),
 (909, 'net-9', 903, 903, 199, '2026-01-31 17:00:00.000000', '2026-01-31 17:00:00.000000', NULL, 10, 'EARLY', '[{"code": "LAST-ONE", "reason": "usage_limit_reached"}, {"code": "TRIALS", "reason": "not_eligible"}]', '2026-02-01 08:00:00.000000'),
 (910, 'net-10', 901, 903, 2000, '2026-02-02 04:00:00.000000', '2026-02-02 04:00:00.000000', NULL, 0, NULL, '[{"code": "LAST-ONE", "reason": "usage_limit_reached"}, {"code": "TRIALS", "reason": "not_eligible"}, {"code": "EARLY", "reason": "expired"}]', NULL),
 (911, 'net-11', 903, 904, 199, '2026-01-31 15:00:00.000000', '2026-01-31 15:00:00.000000', NULL, 0, NULL, '[]', '2026-01-31 16:00:00.000000'),
 (912, 'by-hand', 902, 903, 1234, '2026-02-02 03:00:00.000000', '2026-02-02 15:00:00.000000', 901, 1234, 'TRIALS', '[{"code": "LAST-ONE", "reason": "usage_limit_reached"}, {"code": "EARLY", "reason": "expired"}]', NULL);
INSERT INTO promotion_uses (id, promotion_id, code_id, person, purpose, value_cents, slot, ordinal, code_ordinal, usage_limit, code_usage_limit, per_user_limit, taken_at, released_at) VALUES
 (901, 901, 901, 'user:902', 'conversion:901', 200, 1, 1, 1, NULL, NULL, NULL, '2026-01-31 14:00:00.000000', NULL),
 (902, 901, 901, 'user:902', 'conversion:903', 500, 2, 2, 2, NULL, NULL, NULL, '2026-01-31 18:00:00.000000', NULL),
 (903, 902, 902, 'user:902', 'conversion:904', 500, 1, 1, 1, NULL, NULL, 2, '2026-01-31 21:00:00.000000', NULL),
 (904, 902, 902, 'user:902', 'conversion:905', 500, 2, 2, 2, NULL, NULL, 2, '2026-01-31 22:00:00.000000', '2026-02-01 01:00:00.000000'),
 (905, 903, 903, 'user:903', 'conversion:907', 800, 1, 1, 1, 1, NULL, NULL, '2026-01-31 15:00:00.000000', NULL),
 (906, 905, 905, 'user:903', 'conversion:908', 100, 1, 1, 1, NULL, NULL, NULL, '2026-01-31 16:00:00.000000', NULL),
 (907, 905, 905, 'user:903', 'conversion:909', 10, 2, 2, 2, NULL, NULL, NULL, '2026-01-31 17:00:00.000000', '2026-02-01 08:00:00.000000'),
 (908, 904, 904, 'user:903', 'conversion:912', 1234, 1, 1, 1, NULL, NULL, NULL, '2026-02-02 15:00:00.000000', NULL);
INSERT INTO offer_applications (id, user_promo_code_id, promotion_id, user_id, offer_id, offer_name, applied_at, bonus_cents, conversion_id, reversed_at) VALUES
 (901, 901, 901, 902, 901, 'Survey', '2026-01-31 14:00:00.000000', 200, 901, NULL),
 (902, 902, 901, 902, 902, 'Trial', '2026-01-31 18:00:00.000000', 500, 903, NULL),
 (903, 903, 902, 902, 901, 'Survey', '2026-01-31 21:00:00.000000', 500, 904, NULL),
 (904, 903, 902, 902, 902, 'Trial', '2026-01-31 22:00:00.000000', 500, 905, '2026-02-01 01:00:00.000000'),
 (905, 904, 903, 903, 901, 'Survey', '2026-01-31 15:00:00.000000', 800, 907, NULL),
 (906, 906, 905, 903, 903, 'Old app', '2026-01-31 16:00:00.000000', 100, 908, NULL),
 (907, 906, 905, 903, 903, 'Old app', '2026-01-31 17:00:00.000000', 10, 909, '2026-02-01 08:00:00.000000'),
 (908, 905, 904, 903, 902, 'Trial', '2026-02-02 15:00:00.000000', 1234, 912, NULL);
INSERT INTO wallets (user_id, cash_cents, bonus_cents) VALUES
 (902, 1, 0),
 (903, 2134, 0);
INSERT INTO wallet_entries (id, user_id, balance, amount_cents, reason, reference, balance_after_cents, created_at) VALUES
 (901, 902, 'cash', 200, 'conversion', 'conversion:901', 200, '2026-01-31 14:00:00.000000'),
 (902, 902, 'cash', 500, 'conversion', 'conversion:903', 700, '2026-01-31 18:00:00.000000'),
 (903, 902, 'cash', 500, 'conversion', 'conversion:904', 1200, '2026-01-31 21:00:00.000000'),
 (904, 902, 'cash', 500, 'conversion', 'conversion:905', 1700, '2026-01-31 22:00:00.000000'),
 (905, 902, 'cash', -1400, 'spent', 'dump', 300, '2026-02-01 00:00:00.000000'),
 (906, 902, 'cash', -300, 'conversion_reversed', 'conversion:905', 0, '2026-02-01 01:00:00.000000'),
 (907, 902, 'cash', 1, 'found', 'dump', 1, '2026-02-01 01:00:00.000000'),
 (908, 903, 'cash', 800, 'conversion', 'conversion:907', 800, '2026-01-31 15:00:00.000000'),
 (909, 903, 'cash', 100, 'conversion', 'conversion:908', 900, '2026-01-31 16:00:00.000000'),
 (910, 903, 'cash', 10, 'conversion', 'conversion:909', 910, '2026-01-31 17:00:00.000000'),
 (911, 903, 'cash', -10, 'conversion_reversed', 'conversion:909', 900, '2026-02-01 08:00:00.000000'),
 (912, 903, 'cash', 1234, 'conversion', 'conversion:912', 2134, '2026-02-02 15:00:00.000000');
INSERT INTO wallet_debts (id, user_id, amount_cents, reason, reference, created_at) VALUES
 (901, 902, 200, 'conversion_reversed', 'conversion:905', '2026-02-01 01:00:00.000000');
INSERT INTO invoices (id, number, kind, status, checkout_key, shopper, person_key, user_id, visit, unpaid_slot, subtotal_cents, discount_cents, total_cents, refunded_cents, code, code_id, provider, provider_reference, created_at, pay_by, paid_at, closed_at, message, refunded_discount_cents) VALUES
 (901, '2026-000001', 'order', 'paid', 'key-of-page-000001', 'mia', 'user:902', 902, NULL, NULL, 10700, 0, 10700, 0, NULL, NULL, 'test', 'paid:invoice:901', '2026-02-01 10:00:00.000000', '2026-02-02 10:00:00.000000', '2026-02-01 10:05:00.000000', NULL, NULL, 0),
 (902, '2026-000002', 'order', 'partly_refunded', 'key-of-page-000002', 'cleo', 'user:903', 903, NULL, NULL, 10000, 0, 10000, 5000, NULL, NULL, 'manual', 'confirmed:invoice:902', '2026-02-03 10:00:00.000000', '2026-02-04 10:00:00.000000', '2026-02-03 12:00:00.000000', NULL, NULL, 0),
 (903, '2026-000003', 'order', 'pending', 'key-of-page-000003', 'mia', 'user:902', 902, NULL, 1, 700, 0, 700, 0, NULL, NULL, 'test', NULL, '2026-03-02 10:00:00.000000', '2026-03-03 10:00:00.000000', NULL, NULL, NULL, 0),
 (904, '2026-000004', 'donation', 'paid', 'key-of-page-000004', 'cleo', 'user:903', 903, NULL, NULL, 2000, 0, 2000, 0, NULL, NULL, 'test', 'paid:invoice:904', '2026-02-05 10:00:00.000000', '2026-02-06 10:00:00.000000', '2026-02-05 10:00:00.000000', NULL, 'Thanks', 0);
INSERT INTO invoice_lines (id, invoice_id, position, product_id, name, sku, category, unit_price_cents, quantity, total_cents, discount_cents, refunded_quantity, refunded_cents) VALUES
 (901, 901, 1, NULL, 'Logo', 'LOGO', 'design', 5000, 2, 10000, 0, 0, 0),
 (902, 901, 2, NULL, 'Card', 'CARD', 'print', 700, 1, 700, 0, 0, 0),
 (903, 902, 1, NULL, 'Logo', 'LOGO', 'design', 5000, 2, 10000, 0, 1, 5000),
 (904, 903, 1, NULL, 'Card', 'CARD', 'print', 700, 1, 700, 0, 0, 0),
 (905, 904, 1, NULL, 'Donation', NULL, NULL, 2000, 1, 2000, 0, 0, 0);
INSERT INTO refunds (id, invoice_id, key, amount_cents, discount_cents, reason, made_by, created_at) VALUES
 (901, 902, 'key-of-refund-0001', 5000, 0, 'One came broken', 901, '2026-02-10 10:00:00.000000');
INSERT INTO refund_lines (id, refund_id, invoice_line_id, quantity, amount_cents, discount_cents) VALUES
 (901, 901, 903, 1, 5000, 0);
INSERT INTO invoice_counters (year, last) VALUES
 (2026, 4);
INSERT INTO payment_events (id, provider, event_id, subject, outcome, amount_cents, happened_at, received_at, is_stray) VALUES
 (901, 'test', 'paid:invoice:901', 'invoice:901', 'paid', 10700, '2026-02-01 10:05:00.000000', '2026-02-01 10:05:00.000000', false),
 (902, 'manual', 'confirmed:invoice:902', 'invoice:902', 'paid', 10000, '2026-02-03 12:00:00.000000', '2026-02-03 12:00:00.000000', false),
 (903, 'test', 'paid:invoice:904', 'invoice:904', 'paid', 2000, '2026-02-05 10:00:00.000000', '2026-02-05 10:00:00.000000', false);
INSERT INTO payment_returns (id, key, subject, provider, reference, amount_cents, state, attempt, provider_reference, last_error, created_at, settled_at) VALUES
 (901, 'refund:901', 'invoice:902', 'manual', 'confirmed:invoice:902', 5000, 'by_hand', 1, NULL, NULL, '2026-02-10 10:00:00.000000', NULL);
INSERT INTO discount_paid_orders (person, invoice_id, noted_at) VALUES
 ('user:902', 901, '2026-02-01 10:05:00.000000'),
 ('user:903', 902, '2026-02-03 12:00:00.000000');
