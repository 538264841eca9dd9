// Decisions on their way to shadows: a thread that stands still costs nothing but what it was not told of, and one that
// works is told of everything, in order.
import Catalog
import Commands
import Decision
import DecisionJournal
import Foundation
import Kernel
import Testing
import Units

@testable import paceline_node

@Suite struct ShadowQueueTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
    private static let snapshot: CatalogSnapshot? = try? CatalogInput.compiled(
        root.appending(path: "Examples/catalog").path())
    /// An evening in New York: dinner is served.
    private static let evening = Instant(nanoseconds: 1_795_224_600_000_000_000)

    private func plan() throws -> ScoringPlan {
        let directory = try ModelDirectory(
            Self.root.appending(path: "Examples/predictions").path(), isMeasured: false)
        return try ScoringPlan(directory.served, try #require(Self.snapshot))
    }

    private func decider(_ plan: ScoringPlan?) throws -> Decider {
        let settings = DecisionSettings()
        return Decider(
            DecisionIndex(try #require(Self.snapshot), settings), settings: settings, plan: plan,
            keptMarkupBytes: 1 << 20)
    }

    private func number(of sample: borrowing ShadowSample) throws -> UInt64 {
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: RecordedShadow.bytesMost, alignment: 8)
        defer { room.deallocate() }
        let count = sample.write(into: room.mutableBytes)
        return try RecordedShadow(UnsafeRawBufferPointer(rebasing: room[..<count]).bytes).decision
    }

    @Test func aThreadThatStandsStillDelaysNobody() throws {
        let plan = try plan()
        let queue = ShadowQueue(plan, oneIn: 1)
        var decider = try decider(plan)
        let request = Array(try Demo.request().utf8)
        var taken: [UInt64] = []
        func takeAll() {
            queue.takeAsked(most: 3) { sample in
                do { taken.append(try number(of: sample)) } catch { Issue.record(error) }
            }
        }
        var seed: UInt64 = 0
        for round in 0..<3 {
            // Nobody asks: so many are kept as there are places, and no more.
            for place in 0..<ShadowQueue.capacity + 5 {
                let decision = try decider.decide(request.span.bytes, at: Self.evening, seed: seed)
                try #require(decision.isBid)
                let isTaken = queue.offer(decision, by: decider)
                #expect(isTaken == (place < ShadowQueue.capacity), "round \(round), place \(place)")
                seed += 1
                takeAll()
                #expect(taken.count == round * ShadowQueue.capacity, "nothing was asked yet")
            }
            var asked = 0
            while queue.askNext({ sample, scorer in scorer.score(&sample, by: 0) }) { asked += 1 }
            #expect(asked == ShadowQueue.capacity)
            for _ in 0..<ShadowQueue.capacity { takeAll() }
        }
        let each = UInt64(ShadowQueue.capacity + 5)
        #expect(taken == (0..<3).flatMap { round in (0..<each - 5).map { round * each + $0 } })
    }

    @Test func whatIsAskedBesideComesBackInOrder() async throws {
        let plan = try plan()
        let queue = ShadowQueue(plan, oneIn: 1)
        let count = 400
        let asking = Task.detached {
            var asked = 0
            while asked < count {
                if queue.askNext({ sample, scorer in scorer.score(&sample, by: 0) }) {
                    asked += 1
                } else {
                    await Task.yield()
                }
            }
        }
        var decider = try decider(plan)
        let request = Array(try Demo.request().utf8)
        var taken: [UInt64] = []
        var offered: [UInt64] = []
        var seed: UInt64 = 0
        while taken.count < count {
            if offered.count < count {
                seed += 1
                let decision = try decider.decide(request.span.bytes, at: Self.evening, seed: seed)
                if queue.offer(decision, by: decider) { offered.append(seed) }
            } else {
                await Task.yield()
            }
            queue.takeAsked(most: 4) { sample in
                let isScored = sample.isAnyScored
                #expect(isScored)
                do { taken.append(try number(of: sample)) } catch { Issue.record(error) }
            }
        }
        await asking.value
        #expect(taken == offered)
    }

    /// Of a hundred thousand decisions one in ten is a tenth of them, whatever their numbers have in common.
    @Test func theSampleIsOneInSoMany() throws {
        let queue = ShadowQueue(try plan(), oneIn: 10)
        for step in [1, 2, 10, 1 << 20] as [UInt64] {
            let wanted = (0..<100_000).count { queue.wants(UInt64($0) &* step) }
            #expect((9_600...10_400).contains(wanted), "\(wanted) with steps of \(step)")
        }
    }
}
