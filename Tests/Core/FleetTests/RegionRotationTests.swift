// Regions of a fleet under a clock of the test's own: what brokers, probes and operators say, and what the others have room for.
import Fleet
import Testing
import Units

@Suite struct RegionRotationTests {
    /// Three regions of 100 requests a second each.
    private struct Fleet {
        var rotation: RegionRotation
        var now = Instant(nanoseconds: 1_000_000_000)
        var rates = [60, 60, 60]
        var counts: [UInt64] = [0, 0, 0]
        var speaks = [true, true, true]
        var alerts: [RegionAlert] = []
        var start: UInt64 = 7

        init(isProbed: Bool = true) {
            rotation = RegionRotation(
                ["east", "west", "north"].map { RegionTerms(name: $0, carries: 100, isProbed: isProbed) },
                at: now)
            for region in 0..<3 { _ = rotation.probed(region, true, at: now) }
        }

        mutating func pass(_ seconds: Int) {
            for _ in 0..<4 * seconds {
                now = now + .milliseconds(250)
                for region in 0..<3 where speaks[region] {
                    counts[region] += UInt64(rates[region]) / 4
                    rotation.spoke(
                        region, [NodeCount(node: "n", start: start, requests: counts[region])], at: now)
                }
                for case (_, .alert(let alert)) in rotation.turn(at: now) { alerts.append(alert) }
            }
        }
        mutating func ask(_ region: Int, _ order: RegionOrder) {
            for case .alert(let alert) in rotation.asked(region, order, at: now) { alerts.append(alert) }
        }
        func stands(_ region: Int) -> String { "\(rotation.state(region)) \(rotation.share(region))" }
    }

    @Test func brokersThatAreSilentAloneMoveNothing() {
        for isProbed in [true, false] {
            var fleet = Fleet(isProbed: isProbed)
            fleet.pass(20)
            fleet.speaks[0] = false
            fleet.pass(120)
            #expect(fleet.stands(0) == "healthy 1000" && fleet.alerts == [.signalsDisagree])
            #expect(fleet.rotation.signals(0).inside == false)
            #expect(fleet.rotation.signals(0).outside == (isProbed ? true : nil))
            // Where nobody looks, nobody's look counts.
            if !isProbed {
                _ = fleet.rotation.probed(0, false, at: fleet.now)
                fleet.pass(60)
                #expect(fleet.stands(0) == "healthy 1000")
            }
        }
    }

    @Test func aRegionThatIsSilentInsideAndOutsideGoesAndComesBack() {
        var fleet = Fleet()
        fleet.rates = [60, 20, 20]
        fleet.pass(20)
        fleet.speaks[0] = false
        _ = fleet.rotation.probed(0, false, at: fleet.now)
        fleet.pass(13)
        #expect(fleet.rotation.state(0) == .suspect)
        fleet.pass(2)
        #expect(fleet.stands(0) == "draining 0")
        fleet.pass(31)
        #expect(fleet.stands(0) == "lost 0")
        fleet.speaks[0] = true
        _ = fleet.rotation.probed(0, true, at: fleet.now)
        fleet.pass(62)
        #expect(fleet.rotation.state(0) == .rejoining && (50...100).contains(fleet.rotation.share(0)))
        fleet.pass(120)
        #expect(fleet.stands(0) == "healthy 1000" && fleet.alerts == [.draining, .lost, .rejoined])
    }

    @Test func whatIsAnsweredIsCountedOverSeconds() throws {
        var fleet = Fleet()
        fleet.pass(4)
        #expect(fleet.rotation.requests(0, at: fleet.now) == nil)
        #expect(!fleet.rotation.outlook(without: 0, at: fleet.now).fits)
        fleet.pass(10)
        #expect(try #require(fleet.rotation.requests(0, at: fleet.now)) == 60)
        // Another process counts from nothing, and what it has not counted yet is not taken for nothing.
        (fleet.counts[0], fleet.start) = (0, 8)
        fleet.pass(12)
        #expect(try #require(fleet.rotation.requests(0, at: fleet.now)) == 60)
        // What a region answered before it fell silent is what has to go elsewhere.
        fleet.speaks[0] = false
        fleet.pass(60)
        #expect(fleet.rotation.requests(0, at: fleet.now) == 60)
    }

    @Test func theGuardKnowsWhatTheOthersCarry() {
        var fleet = Fleet()
        fleet.rates = [60, 80, 60]
        fleet.pass(20)
        let full = fleet.rotation.outlook(without: 0, at: fleet.now)
        #expect(full.fits && full.spare == 60 && full.others.map(\.takes) == [20, 40])
        fleet.rates = [60, 80, 80]
        fleet.pass(12)
        #expect(!fleet.rotation.outlook(without: 0, at: fleet.now).fits)
        // A region that takes nothing has no room either, and what it had is somewhere else in the end.
        fleet.rates = [60, 80, 0]
        fleet.pass(12)
        fleet.ask(2, .drain)
        let less = fleet.rotation.outlook(without: 0, at: fleet.now)
        #expect(less.others.map(\.region) == ["west"] && less.spare == 20)
        fleet.ask(1, .failover)
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).others.isEmpty)
    }

    @Test func anOperatorsWordHoldsUntilItIsTakenBack() {
        var fleet = Fleet()
        fleet.rates = [100, 100, 100]
        fleet.pass(70)
        // Held against the guard when it was asked, or forced: nothing of it is kept back.
        fleet.ask(0, .drain)
        #expect(fleet.stands(0) == "draining 0")
        fleet.pass(200)
        #expect(fleet.stands(0) == "lost 0")
        // Both signals have held all along.
        fleet.ask(0, .serve)
        fleet.pass(1)
        #expect(fleet.stands(0) == "rejoining 50")
        fleet.pass(60)
        #expect((480...520).contains(fleet.rotation.share(0)))
        fleet.ask(0, .failover)
        #expect(fleet.stands(0) == "lost 0")
        fleet.pass(10)
        #expect(fleet.stands(0) == "lost 0" && fleet.alerts == [.draining, .lost, .lost])
    }

    @Test func anotherLeaderGoesOnFromThere() {
        var fleet = Fleet()
        fleet.rotation.resume(0, .lost, share: 0, .drain, at: fleet.now)
        fleet.rotation.resume(1, .rejoining, share: 600, .serve, at: fleet.now)
        fleet.rotation.resume(2, .suspect, share: 1_000, .serve, at: fleet.now)
        #expect(fleet.stands(0) == "lost 0" && fleet.stands(2) == "healthy 1000")
        fleet.pass(12)
        #expect(fleet.stands(0) == "lost 0")
        #expect(fleet.rotation.state(1) == .rejoining && (690...710).contains(fleet.rotation.share(1)))
        fleet.pass(40)
        #expect(fleet.stands(1) == "healthy 1000")
    }

    @Test func whatIsOnItsWayHasNoRoomElsewhere() {
        var fleet = Fleet()
        fleet.rates = [32, 32, 52]
        fleet.pass(20)
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).fits)
        fleet.ask(0, .drain)
        fleet.pass(2)
        // North has room for 48, and 32 of that is east's.
        let after = fleet.rotation.outlook(without: 1, at: fleet.now)
        #expect(after.moving == 32 && after.spare == 16 && !after.fits)
        // It has come, and is counted there.
        fleet.rates = [0, 32, 60]
        fleet.pass(60)
        let later = fleet.rotation.outlook(without: 1, at: fleet.now)
        #expect(later.moving == 0 && later.spare == 40 && later.fits)
    }

    @Test func whoIsSilentOrNotCountedHasNoRoom() {
        var fleet = Fleet()
        fleet.rates = [40, 40, 40]
        fleet.pass(20)
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).spare == 120)
        fleet.rotation.spoke(1, [NodeCount(node: "new", start: 1, requests: 0)], at: fleet.now)
        #expect(fleet.rotation.requests(1, at: fleet.now) == nil)
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).spare == 60)
        fleet.speaks[2] = false
        fleet.pass(4)
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).spare == 0)
    }

    @Test func aBrokerThatNeverAsksIsNotTakenForADeadOne() {
        var fleet = Fleet()
        fleet.speaks[0] = false
        _ = fleet.rotation.probed(0, false, at: fleet.now)
        for _ in 0..<40 {
            fleet.rotation.met(0, at: fleet.now)
            fleet.pass(5)
        }
        #expect(fleet.stands(0) == "healthy 1000")
        // Nothing else from it either: it was gone before anybody led here.
        fleet.pass(75)
        #expect(fleet.rotation.state(0) == .draining)
    }

    @Test func aNodeThatChangesBrokersKeepsItsRate() {
        var fleet = Fleet()
        fleet.pass(20)
        let stale = NodeCount(node: "n", start: 7, requests: fleet.counts[0] - 100)
        fleet.rotation.spoke(0, [stale], at: fleet.now)
        #expect(fleet.rotation.requests(0, at: fleet.now) == 60)
        fleet.rotation.spoke(0, [NodeCount(node: "n", start: 8, requests: 0)], at: fleet.now)
        #expect(fleet.rotation.requests(0, at: fleet.now) == 60)
    }

    /// Cut off, it serves on, and goes when it hears that it was taken out: until then nobody else has its room.
    @Test func whatWillMoveWhenItIsHeardHasNoRoomElsewhere() {
        var fleet = Fleet()
        fleet.rates = [60, 60, 40]
        fleet.pass(20)
        fleet.speaks[0] = false
        _ = fleet.rotation.probed(0, false, at: fleet.now)
        fleet.pass(300)
        #expect(fleet.stands(0) == "lost 0")
        let silent = fleet.rotation.outlook(without: 1, at: fleet.now)
        #expect(silent.moving == 60 && !silent.fits)
        // Whoever knows that it is dead says so.
        fleet.ask(0, .failover)
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).fits)
        fleet.ask(0, .serve)
        fleet.speaks[0] = true
        fleet.rates = [0, 60, 100]
        // It moves now, and is counted where it went by and by.
        fleet.pass(20)
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).moving == 60)
        fleet.pass(20)
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).moving == 0)
    }

    /// What it could not leave to others it keeps, also while some have counted what came and others have not.
    @Test func whatARegionKeepsForWantOfRoomItKeeps() {
        var fleet = Fleet()
        fleet.rates = [60, 88, 60]
        fleet.pass(20)
        fleet.speaks[0] = false
        _ = fleet.rotation.probed(0, false, at: fleet.now)
        fleet.pass(15)
        #expect((130...137).contains(fleet.rotation.share(0)), "\(fleet.stands(0))")
        let kept = fleet.rotation.share(0)
        // Cut off, it has moved nothing yet, and the others still have the room that its part is to take.
        fleet.pass(60)
        #expect(fleet.rotation.share(0) == kept, "\(fleet.stands(0))")
        fleet.speaks[0] = true
        fleet.rates[0] = 10
        fleet.pass(6)
        fleet.rates = [10, 100, 100]
        fleet.pass(50)
        #expect(fleet.rotation.share(0) == kept, "\(fleet.stands(0))")
    }

    /// A leader that never heard of a region does not know what it answered; nobody waits for that for good.
    @Test(arguments: [RegionState.draining, .lost, .healthy])
    func whoWasGoneBeforeAnybodyLedHereStopsNobodyForGood(_ state: RegionState) {
        var fleet = Fleet()
        fleet.rates = [60, 40, 40]
        fleet.speaks[0] = false
        fleet.rotation.resume(0, state, share: state == .healthy ? 1_000 : 0, .serve, at: fleet.now)
        _ = fleet.rotation.probed(0, false, at: fleet.now)
        fleet.pass(20)
        if state != .healthy {
            #expect(fleet.rotation.outlook(without: 1, at: fleet.now).moving == nil)
        }
        fleet.pass(180)
        #expect(fleet.rotation.state(0) == .lost, "\(fleet.stands(0))")
        let later = fleet.rotation.outlook(without: 1, at: fleet.now)
        #expect(later.moving == 0 && later.fits)
        // It takes nothing any more, so whoever says that it is lost is not asked for room.
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).fits)
    }

    @Test func aRegionCarriesWhatItsNodesDo() {
        var fleet = Fleet()
        fleet.rates = [20, 40, 20]
        for second in 1...30 {
            for node in ["one", "two"] where second <= 10 || node == "one" {
                fleet.rotation.spoke(
                    1, [NodeCount(node: node, start: 1, requests: UInt64(20 * second))], at: fleet.now)
            }
            fleet.pass(1)
            if second == 9 {
                #expect(fleet.rotation.outlook(without: 0, at: fleet.now).others[0].carries == 100)
            }
        }
        // Of three nodes one is dead.
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).others[0].carries == 66)
        // Or nobody wants it any more.
        for second in 31...660 {
            fleet.rotation.spoke(
                1, [NodeCount(node: "one", start: 1, requests: UInt64(20 * second))], at: fleet.now)
            fleet.pass(1)
        }
        #expect(fleet.rotation.outlook(without: 0, at: fleet.now).others[0].carries == 100)
    }

    @Test func aNodeThatNeverLivesLongStopsNobody() {
        var fleet = Fleet()
        fleet.rates = [60, 40, 40]
        fleet.pass(20)
        fleet.ask(0, .drain)
        fleet.rates[0] = 0
        fleet.pass(60)
        for start in 1...20 {
            fleet.rotation.spoke(
                0, [NodeCount(node: "new", start: UInt64(start), requests: 5)], at: fleet.now)
            fleet.pass(2)
        }
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).moving == 0)
    }

    @Test func brokersThatGoBackToAFormerVersionAreSeenByWhatElseTheySay() {
        var fleet = Fleet()
        fleet.pass(20)
        fleet.speaks[0] = false
        for _ in 0..<30 {
            fleet.rotation.met(0, at: fleet.now)
            fleet.pass(5)
        }
        #expect(fleet.rotation.signals(0).inside)
        // What was counted before says nothing of now.
        #expect(fleet.rotation.outlook(without: 1, at: fleet.now).others[0].requests == nil)
    }
}
