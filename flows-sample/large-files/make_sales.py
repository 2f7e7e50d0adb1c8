"""Writes a CSV file with as many made-up sales as you like.

    python3 make_sales.py 10000000 > sales.csv

Every tenth sale has been taken back: its quantity is 0. The same number of rows always gives the same file, and
`python3 make_sales.py --totals 10000000` prints what the flow must find in it.
"""

import sys

SHOPS = ["Bergen", "Brest", "Cork", "Gdansk", "Genoa", "Malmo", "Porto", "Tartu"]
AT_ONCE = 100_000


def sale(n):
    """The shop, day, quantity and price in cents of sale `n`."""
    mixed = (n * 2_654_435_761) % 4_294_967_296
    day = mixed % 336
    quantity = 0 if n % 10 == 9 else 1 + mixed // 336 % 5
    return SHOPS[mixed >> 29], day, quantity, 99 + mixed // 1_680 % 9_900


def write(rows, out):
    out.write("sale_id,sold_on,shop,quantity,price\n")
    days = [f"2025-{day // 28 + 1:02}-{day % 28 + 1:02}" for day in range(336)]
    for first in range(0, rows, AT_ONCE):
        lines = []
        for n in range(first, min(first + AT_ONCE, rows)):
            shop, day, quantity, cents = sale(n)
            lines.append(f"{n},{days[day]},{shop},{quantity},{cents // 100}.{cents % 100:02}\n")
        out.write("".join(lines))


def totals(rows):
    sold = [(quantity, cents) for _, _, quantity, cents in map(sale, range(rows)) if quantity > 0]
    cents = sum(quantity * cents for quantity, cents in sold)
    return f"{len(sold)} sales, amount {cents // 100}.{cents % 100:02}"


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--totals"]:
        print(totals(int(arguments[1])))
    elif len(arguments) == 1:
        write(int(arguments[0]), sys.stdout)
    else:
        sys.exit(__doc__)
