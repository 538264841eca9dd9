// The published controllers do what their authors' own do: Mystique's signals were taken from its public
// implementation, fed with the same spend.
import Pacing
import Testing
import Units

@Suite struct BaselinesTests {
    private static let linear = [
        0.5005074330461409, 0.8597180419077278, 1.0, 0.9765538197233874, 0.7542788924724408,
        0.6355999057404486, 0.2483865328447073, 0.6962741705393729, 1.0, 1.0, 1.0, 1.0, 0.921435029845576,
        0.7685957109213726, 0.35978424056812974, 0.862685135096625, 1.0, 1.0, 1.0, 0.9723272935956856,
        0.6509111490589851, 0.25126966199857553, 0.0001, 0.734751696880049,
    ]
    private static let shaped = [
        0.5005074330461409, 0.8597180419077277, 1.0, 0.9765538197233874, 0.7542788924724402,
        0.6355999057404416, 0.24838653284469864, 0.6962741705393692, 1.0, 1.0, 1.0, 0.8063985379442374,
        0.16946870332856392, 0.0001, 0.0001, 0.5925987257445167, 1.0, 0.9457266150416394, 0.3215482887419015,
        0.0001, 0.0001, 0.0001, 0.0001, 0.3526625964731895,
    ]

    @Test(arguments: [(Mystique.Target.linear, linear), (.shaped, shaped)])
    func mystiqueFollowsItsPublicImplementation(_ target: Mystique.Target, _ signals: [Double]) {
        var controller = Mystique(budgetUnits: 100, target: target, throttle: .soft)
        var (draw, found) = (12_345, [Double]())
        for minute in 0..<3 * 1_440 {
            draw = (draw * 1_103_515_245 + 12_345) % 2_147_483_648
            let hour = Double((minute % 1_440 / 60 * 7) % 24)
            var amount = 100.0 / 1_440 * 2 * (Double(draw) / 2_147_483_648) * (0.4 + 1.3 * hour / 24)
            if minute % 97 == 0 { amount = 0 }
            if minute % 1_440 == 700 { amount = 2 }
            controller.advance(by: amount)
            if minute % 180 == 179 { found.append(controller.signal) }
        }
        #expect(found.count == signals.count)
        for (at, signal) in signals.enumerated() {
            #expect(abs(found[at] - signal) < 1e-6, "after \(at * 180 + 180) minutes")
        }
        if target == .shaped {
            #expect(abs(controller.slopes[0] - 1.835903470018807) < 1e-6)
            #expect(abs(controller.slopes[23] - 3.3938136077150722) < 1e-6)
        }
    }

    private static let start = Instant(nanoseconds: 0)
    private var plan: SpendCurve {
        SpendCurve(start: Self.start, end: Self.start + .seconds(7_200), hourly: [50e6, 50e6])
    }

    @Test func linkedInMovesByATenth() {
        var controller = LinkedInThrottle(budget: Micros(100_000_000), forecast: plan)
        let noon = Self.start + .seconds(3_600)
        let first = controller.step(spent: Micros(10_000_000), at: noon).share
        let second = controller.step(spent: Micros(10_000_000), at: noon).share
        let third = controller.step(spent: Micros(90_000_000), at: noon).share
        #expect(abs(second / first - 1.1) < 1e-9)
        #expect(abs(third / second - 0.9) < 1e-9)
        #expect(controller.step(spent: Micros(100_000_000), at: noon).share == 0)
    }

    @Test func theOthersBidLessWhenAheadAndMoreWhenBehind() {
        var pid = PIDPacer(budget: Micros(100_000_000), plan: plan)
        var dual = DualDescent(budget: Micros(100_000_000), plan: plan)
        var (ahead, last) = ([Double](), [Double]())
        for minute in 1...20 {
            let now = Self.start + .seconds(Int64(minute) * 60)
            let double = Micros(plan.spent(by: now).rawValue * 2)
            ahead.append(pid.step(spent: double, at: now).bid)
            last.append(dual.step(spent: double, at: now).bid)
        }
        #expect(ahead[19] < 0.5 * ahead[0] && last[19] < last[0])
        for minute in 21...60 {
            let now = Self.start + .seconds(Int64(minute) * 60)
            ahead.append(pid.step(spent: Micros(40_000), at: now).bid)
            last.append(dual.step(spent: Micros(40_000), at: now).bid)
        }
        #expect(ahead[59] > ahead[19] && last[59] > last[19])
    }
}
