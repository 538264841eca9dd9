// Places come out of a batch in their order, whatever was put in and wherever an earlier walk stopped.
import Testing
import Units

@testable import Decision

@Suite struct EarlyBatchTests {
    @Test(arguments: [1, 64, 4_096, 4_097, 300_000, 1_000_000])
    func placesComeOutInOrder(_ places: Int) {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        var batch = EarlyBatch(places: places)
        for turn in 0..<40 {
            let most = min(places, random.next(in: 1...EarlyBatch.most))
            var all = Set((0..<most).map { _ in random.next(in: 0...places - 1) })
            // The ends of the order, too.
            if turn % 2 == 0 { all.formUnion([0, places - 1]) }
            batch.removeAll()
            for place in all { batch.append(place) }
            let stop = turn % 3 == 0 ? random.next(in: 0...all.count) : all.count
            var taken: [Int] = []
            while taken.count < stop, let place = batch.next() { taken.append(place) }
            #expect(taken == Array(all.sorted().prefix(stop)), "seed \(seed), turn \(turn)")
            guard stop == all.count else { continue }
            let more = batch.next()
            #expect(more == nil)
        }
    }

    @Test func aBatchIsFullAtItsBound() {
        var batch = EarlyBatch(places: 10_000)
        for place in 0..<EarlyBatch.most {
            let hasRoom = batch.hasRoom(for: 1)
            #expect(hasRoom)
            batch.append(place)
        }
        let isFull = !batch.hasRoom(for: 1)
        batch.removeAll()
        let (hasRoom, place) = (batch.hasRoom(for: EarlyBatch.most), batch.next())
        #expect(isFull && hasRoom && place == nil)
    }
}
