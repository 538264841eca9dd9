// The table of reservations that are kept, against an array: across its blocks, in any order of what is judged again.
import Testing
import Units

@testable import Ledger

@Suite struct KeptReservationsTests {
    private func row(_ sequence: UInt64) -> ReservationRow {
        ReservationRow(
            sequence: sequence, account: AccountIndex(UInt32(sequence % 7)), mark: 1,
            amount: Micros(Int64(sequence) + 1),
            expires: Instant(nanoseconds: Int64(sequence)), state: .kept)
    }

    @Test func itIsWhatAnArrayWouldBe() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Randomness(seed: seed)
        var (kept, model) = (KeptReservations(), [ReservationRow]())
        var (next, skipped): (UInt64, [UInt64]) = (0, [])
        for round in 0..<40_000 {
            // It grows over some blocks, and shrinks to nothing.
            let grows = round / 5_000 % 2 == 0
            switch random.next(below: 10) {
            case 0..<(grows ? 6 : 1):
                next += 1 + random.next(below: 3)
                if random.next(below: 4) == 0 {
                    skipped.append(next)
                } else {
                    kept.insert(row(next))
                    model.append(row(next))
                }
            case 6:
                // What a journal refused is judged again.
                guard let sequence = skipped.popLast() else { continue }
                kept.insert(row(sequence))
                model.insert(row(sequence), at: model.firstIndex { $0.sequence > sequence } ?? model.count)
            case 7:
                guard !model.isEmpty else { continue }
                let at = Int(random.next(below: UInt64(model.count)))
                let state: ReservationRow.State = random.next(below: 3) == 0 ? .kept : .settled
                kept.set(state, at: at)
                model[at].state = state
            default:
                guard !grows, let first = model.first else { continue }
                #expect(kept.first?.sequence == first.sequence)
                if first.state == .kept { kept.set(.released, at: 0) }
                kept.removeFirst()
                model.removeFirst()
            }
            guard round % 97 == 0 else { continue }
            #expect(
                kept.count == model.count && kept.waiting == model.count(where: { $0.state == .kept }),
                "seed \(seed)")
            for at in model.indices where at % 13 == 0 {
                #expect(kept.place(of: model[at].sequence) == at && kept[at].state == model[at].state)
                #expect(kept[at].amount == model[at].amount, "seed \(seed)")
            }
            for sequence in skipped.suffix(3) { #expect(kept.place(of: sequence) == nil) }
        }
    }
}
