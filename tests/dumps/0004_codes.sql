INSERT INTO users (id, username, email, password_hash, display_name, role, referral_code, timezone, locale, is_active, session_epoch, version, created_at, updated_at) VALUES
 (901, 'root', 'root@example.org', 'none', '', 'admin', 'ROOT0901', 'UTC', 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000'),
 (902, 'cleo', 'cleo@example.org', 'none', '', 'client', 'CLEO0902', 'UTC', 'en', true, 1, 1, '2025-11-01 09:00:00.000000', '2025-11-01 09:00:00.000000');
INSERT INTO promotions (id, kind, title, description, is_active, starts_at, ends_at, usage_limit, per_user_limit, used_count, min_amount_cents, requires_account, release_on_refund, is_public, display_order, image, terms_and_conditions, version, created_by, updated_by, created_at, updated_at, archived_at) VALUES
 (901, 'discount', 'Open to all', '<p>Fresh</p>', true, NULL, NULL, NULL, NULL, 2, 0, false, true, true, 1, NULL, '', 3, 901, 901, '2025-12-01 09:00:00.000000', '2026-01-15 09:00:00.000000', NULL),
 (902, 'discount', 'Switched off', '', false, NULL, NULL, NULL, NULL, 1, 0, false, true, false, 0, NULL, '', 2, 901, NULL, '2025-12-01 09:00:00.000000', '2026-01-16 09:00:00.000000', NULL),
 (903, 'discount', 'Used up', '', true, NULL, NULL, 2, NULL, 2, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL),
 (904, 'discount', 'Ended', '', true, '2025-12-01 00:00:00.000000', '2026-01-31 23:00:00.000000', NULL, NULL, 0, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-11-20 09:00:00.000000', '2025-11-20 09:00:00.000000', NULL),
 (905, 'discount', 'Not yet', '', true, '2027-06-01 00:00:00.000000', '2027-09-01 00:00:00.000000', NULL, NULL, 0, 0, false, true, false, 0, NULL, '', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL),
 (906, 'discount', 'For members, once', '', true, NULL, NULL, 10, 1, 1, 2000, true, false, false, 0, NULL, '<p>Once each</p>', 1, NULL, NULL, '2025-12-01 09:00:00.000000', '2025-12-01 09:00:00.000000', NULL),
 (907, 'discount', 'Archived', '', false, NULL, NULL, NULL, NULL, 1, 0, false, true, false, 0, NULL, '', 4, 901, 901, '2025-11-10 09:00:00.000000', '2025-12-20 09:00:00.000000', '2025-12-20 09:00:00.000000'),
 (908, 'discount', 'Used up and switched off', '', false, NULL, NULL, 1, NULL, 1, 0, false, true, false, 0, NULL, '', 2, 901, 901, '2025-11-10 09:00:00.000000', '2025-12-21 09:00:00.000000', NULL);
INSERT INTO discounts (promotion_id, discount_type, discount_value, max_discount_cents, applicable_categories, excluded_categories, first_order_only) VALUES
 (901, 'percentage', 1250, NULL, '[]', '["sale"]', false),
 (902, 'fixed', 500, NULL, '[]', '[]', false),
 (903, 'percentage', 5000, 1500, '[]', '[]', false),
 (904, 'fixed', 1000, NULL, '["design"]', '[]', false),
 (905, 'percentage', 1000, NULL, '[]', '[]', true),
 (906, 'fixed', 750, NULL, '[]', '[]', false),
 (907, 'percentage', 10000, NULL, '[]', '[]', false),
 (908, 'fixed', 100, NULL, '[]', '[]', false);
INSERT INTO promotion_codes (id, promotion_id, code, batch_id, usage_limit, used_count) VALUES
 (911, 901, 'SPRING', NULL, NULL, 2),
 (912, 902, 'PAUSED', NULL, NULL, 1),
 (913, 903, 'LAST-TWO', NULL, NULL, 2),
 (914, 904, 'WINTER', NULL, NULL, 0),
 (915, 905, 'SUMMER', NULL, NULL, 0),
 (916, 906, 'MEMBER', NULL, 20, 1),
 (917, 907, 'OLD_ONE', NULL, NULL, 1),
 (918, 908, 'BOTH', NULL, NULL, 1);
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
INSERT INTO discount_paid_orders (person, invoice_id, noted_at) VALUES ('name:ada', 4, '2025-12-05 10:05:00.000000'), ('user:902', 6, '2025-12-05 12:05:00.000000');
