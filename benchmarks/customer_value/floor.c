/* Events of one customer bucket in, sums of everybody by tier and band of time out; then, over the bands, by lookback. */

#include <stdint.h>

#define TIERS 4
#define BANDS 6
#define METRICS 3

typedef struct {
    int64_t sums[BANDS][METRICS];
    int32_t counts[BANDS];
} Cell;

int64_t cell_size(void) { return sizeof(Cell); }

/* `bounds` descend: what lies before the last of them is in the last band; `end` is exclusive. */
void accumulate(int64_t rows, const int64_t *customer, int64_t buckets, const int64_t *time, const int32_t *tier,
                const int64_t *a, const int64_t *b, const int64_t *c, const int64_t *bounds, int64_t end, Cell *cells) {
    for (int64_t i = 0; i < rows; i++) {
        if (time[i] >= end) continue;
        int band = 0;
        for (int k = 0; k < BANDS - 1; k++) band += time[i] < bounds[k];
        Cell *cell = cells + customer[i] / buckets * TIERS + tier[i];
        cell->sums[band][0] += a[i];
        cell->sums[band][1] += b[i];
        cell->sums[band][2] += c[i];
        cell->counts[band]++;
    }
}

/* How many cells have an event, by tier; who has any counts in the last. */
void present(int64_t customers, const Cell *cells, int64_t *found) {
    for (int64_t i = 0; i < customers; i++) {
        int any = 0;
        for (int t = 0; t < TIERS; t++) {
            int here = 0;
            for (int k = 0; k < BANDS; k++) here |= cells[i * TIERS + t].counts[k] != 0;
            found[t] += here;
            any |= here;
        }
        found[TIERS] += any;
    }
}

static void emit(const Cell *cell, int64_t customer, int64_t at, int64_t size, int64_t *who, int64_t *values,
                 uint8_t *known) {
    int64_t run[METRICS] = {0};
    int32_t count = 0;
    who[at] = customer;
    for (int k = 0; k < BANDS; k++) {
        count += cell->counts[k];
        known[k * size + at] = count != 0;
        for (int m = 0; m < METRICS; m++) {
            run[m] += cell->sums[k][m];
            values[(k * METRICS + m) * size + at] = run[m];
        }
    }
}

/* Columns of one tier, or with `tier` TIERS of all together: `values` by lookback and metric, `known` by lookback. */
void columns(int64_t customers, int64_t buckets, int64_t bucket, const Cell *cells, int tier, int64_t size,
             int64_t *who, int64_t *values, uint8_t *known) {
    int64_t at = 0;
    for (int64_t i = 0; i < customers; i++) {
        Cell all = {0};
        int64_t rows = 0;
        for (int t = 0; t < TIERS; t++) {
            if (tier != TIERS && tier != t) continue;
            const Cell *cell = cells + i * TIERS + t;
            for (int k = 0; k < BANDS; k++) {
                rows += cell->counts[k];
                all.counts[k] += cell->counts[k];
                for (int m = 0; m < METRICS; m++) all.sums[k][m] += cell->sums[k][m];
            }
        }
        if (rows) emit(&all, i * buckets + bucket, at++, size, who, values, known);
    }
}

/* The bucket of each packed value, by the least value of each bucket but the last; 0 where nothing is known. */
void assign(int64_t rows, const int64_t *packed, const uint8_t *known, const int64_t *least, int borders, int16_t *ranks) {
    for (int64_t i = 0; i < rows; i++) {
        int16_t rank = 1;
        for (int k = 0; k < borders; k++) rank += packed[i] < least[k];
        ranks[i] = known[i] ? rank : 0;
    }
}
