// Reservations of this session that are over and whose money is kept: they stand apart, so that the ring into which new ones go never
// waits for them.
internal import Units

/// In the order of their sequences, which is about that of their last bills' times. Memory comes by blocks, with need, and goes again.
struct KeptReservations {
    private static let blockRows = 1_024

    private var blocks: [[ReservationRow]] = []
    /// Rows of the first block that are gone.
    private var gone = 0
    /// All that stand here: what was settled or let go is remembered to its end, as it may be told again.
    private(set) var count = 0
    /// Those of them that are kept still.
    private(set) var waiting = 0

    subscript(_ at: Int) -> ReservationRow {
        blocks[(gone + at) / Self.blockRows][(gone + at) % Self.blockRows]
    }

    var first: ReservationRow? { count > 0 ? self[0] : nil }

    /// Where it stands. Nil where it does not.
    func place(of sequence: UInt64) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].sequence == sequence ? low : nil
    }

    /// What is judged again, since a journal refused its end, comes behind those of the same turn: it is led to its place.
    mutating func insert(_ row: ReservationRow) {
        if (gone + count) % Self.blockRows == 0 {
            blocks.append([])
            blocks[blocks.count - 1].reserveCapacity(Self.blockRows)
        }
        blocks[blocks.count - 1].append(row)
        count += 1
        waiting += row.state == .kept ? 1 : 0
        var at = count - 1
        while at > 0, self[at - 1].sequence > row.sequence {
            put(self[at - 1], at)
            at -= 1
        }
        put(row, at)
    }

    mutating func set(_ state: ReservationRow.State, at: Int) {
        var row = self[at]
        waiting += (state == .kept ? 1 : 0) - (row.state == .kept ? 1 : 0)
        row.state = state
        put(row, at)
    }

    mutating func removeFirst() {
        precondition(count > 0 && self[0].state != .kept, "what is kept stays")
        gone += 1
        count -= 1
        if count == 0 {
            blocks.removeAll()
            gone = 0
        } else if gone == Self.blockRows {
            blocks.removeFirst()
            gone = 0
        }
    }

    private mutating func put(_ row: ReservationRow, _ at: Int) {
        blocks[(gone + at) / Self.blockRows][(gone + at) % Self.blockRows] = row
    }
}
