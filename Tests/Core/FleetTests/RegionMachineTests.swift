// A region goes on two signals and not on one, comes back slowly, and does not take the others down with it.
import Fleet
import Testing
import Units

@Suite struct RegionMachineTests {
    private struct Watch {
        var machine = RegionMachine(at: Instant(nanoseconds: 0))
        var now = Instant(nanoseconds: 0)
        var spare = 1_000
        var alerts: [RegionAlert] = []

        mutating func tell(_ event: RegionEvent) {
            var effects: [RegionEffect] = []
            machine.handle(event, at: now, spare: spare, &effects)
            for case .alert(let alert) in effects { alerts.append(alert) }
        }
        mutating func pass(_ seconds: Int) {
            for _ in 0..<seconds {
                now = now + .seconds(1)
                tell(.turned)
            }
        }
        mutating func fail() {
            tell(.probed(false))
            tell(.renewed(false))
        }
        mutating func hold() {
            tell(.probed(true))
            tell(.renewed(true))
        }
    }

    @Test func oneSignalAloneMovesNothing() {
        for event in [RegionEvent.probed(false), .renewed(false)] {
            var watch = Watch()
            watch.tell(event)
            watch.pass(600)
            #expect(watch.machine.state == .healthy && watch.machine.share == 1_000)
            #expect(watch.alerts == [.signalsDisagree])
        }
    }

    @Test func aRegionGoesAndComesBackByAndBy() {
        var watch = Watch()
        watch.fail()
        #expect(watch.machine.state == .suspect)
        watch.pass(9)
        #expect(watch.machine.state == .suspect && watch.machine.share == 1_000)
        watch.pass(1)
        #expect(watch.machine.state == .draining && watch.machine.share == 0)
        watch.pass(30)
        #expect(watch.machine.state == .lost)
        watch.hold()
        watch.pass(59)
        #expect(watch.machine.state == .lost)
        watch.pass(2)
        #expect(watch.machine.state == .rejoining && watch.machine.share >= 50)
        watch.pass(60)
        #expect((400...600).contains(watch.machine.share))
        watch.pass(61)
        #expect(watch.machine.state == .healthy)
        #expect(watch.alerts == [.draining, .lost, .rejoined])
    }

    @Test func aFlappingLinkMovesTrafficOnce() {
        var watch = Watch()
        watch.fail()
        watch.pass(11)
        for _ in 0..<40 {
            watch.hold()
            watch.pass(20)
            watch.fail()
            watch.pass(20)
        }
        #expect(watch.machine.state == .lost && watch.alerts == [.draining, .lost])
        var other = Watch()
        for _ in 0..<40 {
            other.fail()
            other.pass(5)
            other.hold()
            other.pass(5)
        }
        #expect(other.alerts.isEmpty && other.machine.share == 1_000)
    }

    @Test func nobodyIsSentWhatTheOthersCannotCarry() {
        var watch = Watch()
        watch.spare = 400
        watch.tell(.drainAsked(true))
        #expect(watch.machine.share == 600 && watch.alerts == [.draining, .capacityShort])
        watch.pass(100)
        #expect(watch.machine.state == .draining)
        watch.spare = 1_000
        watch.pass(1)
        #expect(watch.machine.share == 0 && watch.machine.state == .lost)
        watch.tell(.drainAsked(false))
        watch.pass(61)
        #expect(watch.machine.state == .rejoining)
    }

    @Test func aReturnThatWasHeldGoesOnFromThere() {
        var watch = Watch()
        watch.fail()
        watch.pass(60)
        watch.hold()
        watch.pass(100)
        let share = watch.machine.share
        #expect(watch.machine.state == .rejoining && (200...400).contains(share))
        watch.tell(.probed(false))
        watch.pass(100)
        #expect(watch.machine.share == share)
        watch.tell(.probed(true))
        watch.pass(1)
        #expect(watch.machine.share - share < 20)
        // A machine that slept for very long comes back, and does not overflow.
        watch.now = watch.now + .seconds(200 * 86_400)
        watch.tell(.turned)
        #expect(watch.machine.state == .healthy)
    }
}
