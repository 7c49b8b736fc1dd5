INSERT INTO users (id, username, email, password_hash, display_name, role, coach_id, referral_code, referred_by_id, timezone, timezone_changed_at, locale, is_active, session_epoch, version, created_at, updated_at, last_login_at, anonymised_at) VALUES
 (901, 'root', 'root@example.org', 'none', '', 'admin', NULL, 'ROOT0901', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL),
 (902, 'cleo', 'cleo@example.org', 'none', '', 'client', NULL, 'CLEO0902', NULL, 'UTC', NULL, 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000', NULL, NULL);
INSERT INTO promotions (id, kind, title, description, is_active, starts_at, ends_at, usage_limit, per_user_limit, used_count, min_amount_cents, requires_account, release_on_refund, is_public, display_order, image, terms_and_conditions, version, created_by, updated_by, created_at, updated_at, archived_at, active_hours, auto_deactivate_on_max_uses, auto_deactivated_at, deactivated_by) VALUES
 (901, 'discount', 'Open to all', '<p>Fresh</p>', true, NULL, NULL, NULL, NULL, 2, 0, false, true, true, 1, NULL, '', 3, 901, 901, '2025-12-01 09:00:00.000000', '2026-01-15 09:00:00.000000', NULL, NULL, true, NULL, NULL),
 (902, 'discount', 'Switched off', '', false, NULL, NULL, NULL, NULL, 1, 0, false, true, false, 0, NULL, '', 2, 901, NULL, '2025-12-01 09:00:00.000000', '2026-01-16 09:00:00.000000', NULL, NULL, true, NULL, 'person'),
 (903, 'discount', 'Used up', '', true, NULL, NULL, 2, NULL, 2, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL, NULL, true, NULL, NULL),
 (904, 'discount', 'Ended', '', true, '2025-12-01 00:00:00.000000', '2026-01-31 23:00:00.000000', NULL, NULL, 0, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-11-20 09:00:00.000000', '2025-11-20 09:00:00.000000', NULL, NULL, true, NULL, NULL),
 (905, 'discount', 'Not yet', '', true, '2027-06-01 00:00:00.000000', '2027-09-01 00:00:00.000000', NULL, NULL, 0, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL, NULL, true, NULL, NULL),
 (906, 'discount', 'For members, once', '', true, NULL, NULL, 10, 1, 1, 2000, true, false, false, 0, NULL, '<p>Once each</p>', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL, NULL, true, NULL, NULL),
 (907, 'discount', 'Archived', '', false, NULL, NULL, NULL, NULL, 1, 0, false, true, false, 0, NULL, '', 4, 901, 901, '2025-11-10 09:00:00.000000', '2025-12-20 09:00:00.000000', '2025-12-20 09:00:00.000000', NULL, true, NULL, 'person'),
 (908, 'discount', 'Used up and switched off', '', false, NULL, NULL, 1, NULL, 1, 0, false, true, false, 0, NULL, '', 2, 901, 901, '2025-11-10 09:00:00.000000', '2025-12-21 09:00:00.000000', NULL, NULL, true, NULL, 'person');
INSERT INTO discounts (promotion_id, discount_type, discount_value, max_discount_cents, applicable_categories, excluded_categories, first_order_only) VALUES
 (901, 'percentage', 1250, NULL, '[]', '["sale"]', false),
 (902, 'fixed', 500, NULL, '[]', '[]', false),
 (903, 'percentage', 5000, 1500, '[]', '[]', false),
 (904, 'fixed', 1000, NULL, '["design"]', '[]', false),
 (905, 'percentage', 1000, NULL, '[]', '[]', true),
 (906, 'fixed', 750, NULL, '[]', '[]', false),
 (907, 'percentage', 10000, NULL, '[]', '[]', false),
 (908, 'fixed', 100, NULL, '[]', '[]', false);
INSERT INTO promotion_codes (id, promotion_id, code, batch_id, usage_limit, used_count, auto_deactivated_at) VALUES
 (911, 901, 'SPRING', NULL, NULL, 2, NULL),
 (912, 902, 'PAUSED', NULL, NULL, 1, NULL),
 (913, 903, 'LAST-TWO', NULL, NULL, 2, NULL),
 (914, 904, 'WINTER', NULL, NULL, 0, NULL),
 (915, 905, 'SUMMER', NULL, NULL, 0, NULL),
 (916, 906, 'MEMBER', NULL, 20, 1, NULL),
 (917, 907, 'OLD_ONE', NULL, NULL, 1, NULL),
 (918, 908, 'BOTH', NULL, NULL, 1, NULL);
INSERT INTO promotion_uses (id, promotion_id, code_id, person, purpose, value_cents, slot, ordinal, code_ordinal, usage_limit, code_usage_limit, per_user_limit, taken_at, released_at) VALUES
 (921, 901, 911, 'name:ada', 'invoice:1', 250, 1, 1, 1, NULL, NULL, NULL, '2025-12-02 09:00:00.000000', '2025-12-03 09:00:00.000000'),
 (922, 901, 911, 'name:ben', 'invoice:2', 63, 1, 1, 1, NULL, NULL, NULL, '2025-12-04 09:00:00.000000', NULL),
 (923, 901, 911, 'name:ben', 'invoice:3', 1000, 2, 2, 2, NULL, NULL, NULL, '2025-12-05 09:00:00.000000', NULL),
 (924, 902, 912, 'name:ada', 'invoice:4', 500, 1, 1, 1, NULL, NULL, NULL, '2025-12-05 10:00:00.000000', NULL),
 (925, 903, 913, 'name:ada', 'invoice:5', 1500, 1, 1, 1, 2, NULL, NULL, '2025-12-05 11:00:00.000000', NULL),
 (926, 903, 913, 'user:902', 'invoice:6', 725, 1, 2, 2, 2, NULL, NULL, '2025-12-05 12:00:00.000000', NULL),
 (927, 906, 916, 'user:902', 'invoice:7', 750, 1, 1, 1, 10, 20, 1, '2025-12-06 12:00:00.000000', NULL),
 (928, 907, 917, 'name:ben', 'invoice:8', 2000, 1, 1, 1, NULL, NULL, NULL, '2025-12-07 12:00:00.000000', NULL),
 (929, 908, 918, 'name:ben', 'invoice:9', 100, 1, 1, 1, 1, NULL, NULL, '2025-12-07 13:00:00.000000', NULL);
INSERT INTO discount_paid_orders (person, invoice_id, noted_at) VALUES
 ('name:ada', 4, '2025-12-05 10:05:00.000000'),
 ('user:902', 6, '2025-12-05 12:05:00.000000');
INSERT INTO categories (id, slug, name, position, is_active, version) VALUES
 (901, 'design', 'Design', 0, true, 1);
INSERT INTO products (id, sku, name, slug, description, category_id, price_cents, is_active, position, version, created_at, updated_at, image) VALUES
 (901, 'LOGO', 'Logo', 'logo', '', 901, 5000, true, 0, 1, '2026-01-01 09:00:00', '2026-01-01 09:00:00', NULL),
 (902, 'CARD', 'Card', 'card', '', 901, 700, false, 1, 3, '2026-01-01 09:00:00', '2026-01-02 09:00:00', NULL);
INSERT INTO reward_items (id, item_id, name, image, version) VALUES
 (901, 'gold', 'Gold', NULL, 1);
INSERT INTO carts (id, user_id, visit, applied_code_id, created_at, updated_at) VALUES
 (901, NULL, 'visit-1', NULL, '2026-02-01 09:00:00', '2026-02-01 09:00:00');
INSERT INTO cart_lines (id, cart_id, product_id, quantity, seen_price_cents) VALUES
 (901, 901, 901, 2, 5000),
 (902, 901, 902, 1, 700);
INSERT INTO invoices (id, number, kind, status, checkout_key, shopper, person_key, user_id, visit, unpaid_slot, subtotal_cents, discount_cents, total_cents, refunded_cents, code, code_id, provider, provider_reference, created_at, pay_by, paid_at, closed_at, message, refunded_discount_cents) VALUES
 (901, '2026-000001', 'order', 'paid', 'key-of-page-000001', 'ada', 'name:ada', NULL, 'visit-1', NULL, 10700, 700, 10000, 0, 'TEN', NULL, 'test', 'paid:invoice:901', '2026-02-01 10:00:00', '2026-02-02 10:00:00', '2026-02-01 10:05:00', NULL, NULL, 0),
 (902, '2026-000002', 'order', 'void', 'key-of-page-000002', 'ben', 'name:ben', NULL, 'visit-2', NULL, 5000, 0, 5000, 0, NULL, NULL, 'manual', NULL, '2026-02-03 10:00:00', '2026-02-04 10:00:00', NULL, '2026-02-04 10:00:30', NULL, 0),
 (903, '2026-000003', 'order', 'pending', 'key-of-page-000003', 'cleo', 'name:cleo', NULL, 'visit-3', 1, 700, 0, 700, 0, NULL, NULL, 'test', NULL, '2026-02-05 10:00:00', '2026-02-06 10:00:00', NULL, NULL, NULL, 0);
INSERT INTO invoice_lines (id, invoice_id, position, product_id, name, sku, category, unit_price_cents, quantity, total_cents, discount_cents, refunded_quantity, refunded_cents) VALUES
 (901, 901, 1, 901, 'Logo', 'LOGO', 'design', 5000, 2, 10000, 654, 0, 0),
 (902, 901, 2, 902, 'Card', 'CARD', 'design', 700, 1, 700, 46, 0, 0),
 (903, 902, 1, 901, 'Logo', 'LOGO', 'design', 5000, 1, 5000, 0, 0, 0),
 (904, 903, 1, 902, 'Card', 'CARD', 'design', 700, 1, 700, 0, 0, 0);
INSERT INTO invoice_counters (year, last) VALUES
 (2026, 3);
INSERT INTO payment_events (id, provider, event_id, subject, outcome, amount_cents, happened_at, received_at, is_stray) VALUES
 (901, 'test', 'declined:1', 'invoice:901', 'declined', 10000, '2026-02-01 10:01:00', '2026-02-01 10:01:00', false),
 (902, 'test', 'paid:invoice:901', 'invoice:901', 'paid', 10000, '2026-02-01 10:05:00', '2026-02-01 10:05:00', false),
 (903, 'test', 'paid:again', 'invoice:901', 'paid', 10000, '2026-02-01 10:06:00', '2026-02-01 10:06:00', true),
 (904, 'manual', 'confirmed:invoice:902', 'invoice:902', 'paid', 5000, '2026-02-05 08:00:00', '2026-02-05 08:00:00', true);
INSERT INTO payment_returns (id, key, subject, provider, reference, amount_cents, state, attempt, provider_reference, last_error, created_at, settled_at) VALUES
 (1, 'stray:903', 'invoice:901', 'test', 'paid:again', 10000, 'done', 1, NULL, NULL, '2026-02-01 10:06:00', '2026-02-01 10:06:00'),
 (2, 'stray:904', 'invoice:902', 'manual', 'confirmed:invoice:902', 5000, 'by_hand', 1, NULL, NULL, '2026-02-05 08:00:00', NULL);
