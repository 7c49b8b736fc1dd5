INSERT INTO categories (id, slug, name, position, is_active, version) VALUES (901, 'design', 'Design', 0, true, 1);
INSERT INTO products (id, sku, name, slug, description, category_id, price_cents, is_active, position, version, created_at, updated_at) VALUES
 (901, 'LOGO', 'Logo', 'logo', '', 901, 5000, true, 0, 1, '2026-01-01 09:00:00', '2026-01-01 09:00:00'),
 (902, 'CARD', 'Card', 'card', '', 901, 700, false, 1, 3, '2026-01-01 09:00:00', '2026-01-02 09:00:00');
INSERT INTO reward_items (id, item_id, name) VALUES (901, 'gold', 'Gold');
INSERT INTO carts (id, user_id, visit, applied_code_id, created_at, updated_at) VALUES (901, NULL, 'visit-1', NULL, '2026-02-01 09:00:00', '2026-02-01 09:00:00');
INSERT INTO cart_lines (id, cart_id, product_id, quantity) VALUES (901, 901, 901, 2), (902, 901, 902, 1);
INSERT INTO invoices (id, number, kind, status, checkout_key, shopper, person_key, user_id, visit, unpaid_slot, subtotal_cents, discount_cents, total_cents, refunded_cents, code, code_id, provider, provider_reference, created_at, pay_by, paid_at, closed_at) VALUES
 (901, '2026-000001', 'order', 'paid', 'key-of-page-000001', 'ada', 'name:ada', NULL, 'visit-1', NULL, 10700, 700, 10000, 0, 'TEN', NULL, 'test', 'paid:invoice:901', '2026-02-01 10:00:00', '2026-02-02 10:00:00', '2026-02-01 10:05:00', NULL),
 (902, '2026-000002', 'order', 'void', 'key-of-page-000002', 'ben', 'name:ben', NULL, 'visit-2', NULL, 5000, 0, 5000, 0, NULL, NULL, 'manual', NULL, '2026-02-03 10:00:00', '2026-02-04 10:00:00', NULL, '2026-02-04 10:00:30'),
 (903, '2026-000003', 'order', 'pending', 'key-of-page-000003', 'cleo', 'name:cleo', NULL, 'visit-3', 1, 700, 0, 700, 0, NULL, NULL, 'test', NULL, '2026-02-05 10:00:00', '2026-02-06 10:00:00', NULL, NULL);
INSERT INTO invoice_lines (id, invoice_id, position, product_id, name, sku, category, unit_price_cents, quantity, total_cents, discount_cents) VALUES
 (901, 901, 1, 901, 'Logo', 'LOGO', 'design', 5000, 2, 10000, 654),
 (902, 901, 2, 902, 'Card', 'CARD', 'design', 700, 1, 700, 46),
 (903, 902, 1, 901, 'Logo', 'LOGO', 'design', 5000, 1, 5000, 0),
 (904, 903, 1, 902, 'Card', 'CARD', 'design', 700, 1, 700, 0);
INSERT INTO invoice_counters (year, last) VALUES (2026, 3);
INSERT INTO payment_events (id, provider, event_id, subject, outcome, amount_cents, happened_at, received_at, is_stray, given_back_at) VALUES
 (901, 'test', 'declined:1', 'invoice:901', 'declined', 10000, '2026-02-01 10:01:00', '2026-02-01 10:01:00', false, NULL),
 (902, 'test', 'paid:invoice:901', 'invoice:901', 'paid', 10000, '2026-02-01 10:05:00', '2026-02-01 10:05:00', false, NULL),
 (903, 'test', 'paid:again', 'invoice:901', 'paid', 10000, '2026-02-01 10:06:00', '2026-02-01 10:06:00', true, '2026-02-01 10:06:00'),
 (904, 'manual', 'confirmed:invoice:902', 'invoice:902', 'paid', 5000, '2026-02-05 08:00:00', '2026-02-05 08:00:00', true, NULL);
