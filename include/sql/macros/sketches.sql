/*
Sketches of distinct values: texts that are built for each group, kept, and merged later into the count of
distinct values of all of them. HyperLogLog with 2^lg_k registers; the standard error of a count is 1.04 divided
by the root of the registers: 1.6 % for lg_k = 12.

    SELECT event_date, hll_build_agg(household_id) AS visitors FROM events.transactions GROUP BY ALL
    SELECT hll_estimate(hll_merge_agg(visitors)) FROM queries.visitors_by_day

A sketch holds the greatest rank of each register that saw a value, five hexadecimal digits each: 64 times the
register and its rank. The registers are the lowest bits of a value's hash; the rank is the place of the lowest
one among the bits that follow. The estimate is that of O. Ertl, New cardinality estimation algorithms for
HyperLogLog sketches (2017), which needs no correction for few or many values.
*/

CREATE MACRO __hll_hash(value) AS (md5_number_lower(value::VARCHAR) & 1152921504606846975::UBIGINT)::BIGINT;

CREATE MACRO __hll_rank(bits, width) AS CASE WHEN bits = 0 THEN width + 1 ELSE bit_count(xor(bits, bits - 1)) END;

CREATE MACRO __hll_code(hash, lg_k) AS
    (hash & ((1::BIGINT << lg_k) - 1)) * 64 + __hll_rank(hash >> lg_k, 60 - lg_k);

-- Of each register the greatest code, as a text. Here and below, a lambda over a list of one gives a name to a
-- value that is needed twice.
CREATE MACRO __hll_pack(codes, lg_k) AS list_transform([list_sort(codes)], lambda sorted: 'hll' || lg_k || ':' ||
    array_to_string(list_transform(list_filter(list_zip(sorted, sorted[2:]),
        lambda pair: pair[2] IS NULL OR pair[2] // 64 <> pair[1] // 64), lambda pair: printf('%05x', pair[1])), '')
)[1];

CREATE MACRO __hll_lg_k(sketch) AS substr(split_part(sketch, ':', 1), 4)::BIGINT;

CREATE MACRO __hll_codes(sketch) AS list_transform(
    regexp_extract_all(split_part(sketch, ':', 2), '.{5}'), lambda digits: ('0x' || digits)::BIGINT);

-- The codes of a sketch as a text, each with a sixth digit: the sketch's lg_k.
CREATE MACRO __hll_marked(sketch) AS regexp_replace(
    split_part(sketch, ':', 2), '(.{5})', '\1' || printf('%x', __hll_lg_k(sketch)), 'g');

-- A code of a sketch with more registers, as one with fewer has it.
CREATE MACRO __hll_fold(code, from_lg_k, lg_k) AS CASE
    WHEN from_lg_k = lg_k THEN code
    WHEN (code // 64) >> lg_k = 0 THEN code + from_lg_k - lg_k
    ELSE ((code // 64) & ((1::BIGINT << lg_k) - 1)) * 64 + __hll_rank((code // 64) >> lg_k, 0)
END;

-- A sketch of the distinct values of a group; lg_k is 4 to 14.
CREATE MACRO hll_build_agg(value, lg_k := 12) AS __hll_pack(
    coalesce(list(DISTINCT __hll_code(__hll_hash(value), CASE WHEN lg_k BETWEEN 4 AND 14 THEN lg_k
        ELSE error('lg_k: expected 4 to 14; found ' || lg_k)::INTEGER END)) FILTER (WHERE value IS NOT NULL),
    []::BIGINT[]), lg_k);

-- The sketch of all values that some sketch of a group saw. Sketches with different numbers of registers are
-- refused, or with `allow_different` merged into one with the fewest.
CREATE MACRO hll_merge_agg(sketch, allow_different := false) AS CASE
    WHEN min(__hll_lg_k(sketch)) <> max(__hll_lg_k(sketch)) AND NOT allow_different
        THEN error('these sketches have different numbers of registers: allow_different := true merges them')
    ELSE list_transform([{
        digits: list_distinct(regexp_extract_all(string_agg(__hll_marked(sketch), ''), '.{6}')),
        lg_k: min(__hll_lg_k(sketch))
    }], lambda merged: __hll_pack(list_transform(list_transform(merged.digits, lambda one: ('0x' || one)::BIGINT),
        lambda code: __hll_fold(code // 16, code % 16, merged.lg_k)), merged.lg_k))[1]
END;

CREATE MACRO __hll_sigma(empty) AS empty + list_sum(list_transform(range(1, 31),
    lambda k: pow(empty, pow(2, k)) * pow(2, k - 1)));

-- About how many distinct values a sketch saw.
CREATE MACRO hll_estimate(sketch) AS list_transform([{
    registers: pow(2.0, __hll_lg_k(sketch)), used: len(__hll_codes(sketch)),
    total: list_sum(list_transform(__hll_codes(sketch), lambda code: pow(2.0, -(code % 64))))
}], lambda s: CASE WHEN s.used = 0 THEN 0 ELSE round(s.registers * s.registers / (2 * ln(2))
    / (s.total + s.registers * __hll_sigma((s.registers - s.used) / s.registers)))::BIGINT END)[1];

-- About how many distinct values the sketches of a group saw together.
CREATE MACRO hll_merge_count_agg(sketch, allow_different := false) AS list_transform(
    [hll_merge_agg(sketch, allow_different := allow_different)], lambda merged: hll_estimate(merged))[1];
