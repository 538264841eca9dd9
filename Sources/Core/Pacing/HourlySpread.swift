// One campaign's budget over the hours in which it may run: by its mode, within what each hour can take, and within
// its days.

struct HourlySpread {
    /// What each hour could take, in micros.
    let capacity: [Double]
    /// How long each hour of the flight is: one, a part at the ends, zero outside.
    let lengths: [Double]
    let mode: PacingMode
    /// Hours since the start of the campaign's first day, for the first hour here; a day has 24.
    let daily: Double?
    /// Hours of the flight that have passed before the first one here, and those that come after the last.
    var before = 0.0
    var after = 0.0

    /// Micros for each hour: as much of the budget as fits.
    func spread(_ budget: Double) -> [Double] {
        var limits = capacity
        var filled = fill(budget, limits)
        guard let daily else { return filled }
        // Days that are over their own budget are held to it, and the rest goes to the others: a few rounds, as each
        // one that is held makes the next ones fuller.
        var isHeld = [Bool](repeating: false, count: (capacity.count + 23) / 24)
        for _ in 0..<isHeld.count {
            var changed = false
            for day in isHeld.indices where !isHeld[day] {
                let hours = day * 24..<min(day * 24 + 24, capacity.count)
                let sum = hours.reduce(0) { $0 + filled[$1] }
                guard sum > daily * (1 + 1e-9) else { continue }
                for hour in hours { limits[hour] = filled[hour] * daily / sum }
                isHeld[day] = true
                changed = true
            }
            guard changed else { break }
            filled = fill(budget, limits)
        }
        return filled
    }

    private func fill(_ budget: Double, _ limits: [Double]) -> [Double] {
        let most = limits.reduce(0, +)
        guard budget < most else { return limits }
        guard mode != .asap else {
            var left = budget
            return limits.map { limit in
                let part = min(limit, left)
                left -= part
                return part
            }
        }
        let flight = before + lengths.reduce(0, +) + after
        var passed = before
        var weights: [Double] = []
        for hour in capacity.indices {
            let middle = flight > 0 ? (passed + lengths[hour] / 2) / flight : 0
            weights.append(mode.weight(supply: capacity[hour], hour: lengths[hour], elapsed: middle))
            passed += lengths[hour]
        }
        // The level at which the hours, each up to its limit, take just the budget.
        var (low, high) = (0.0, 1.0)
        func taken(_ level: Double) -> Double {
            limits.indices.reduce(0) { $0 + min(limits[$1], level * weights[$1]) }
        }
        while taken(high) < budget, high < 1e18 { high *= 4 }
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if taken(middle) < budget { low = middle } else { high = middle }
        }
        return limits.indices.map { min(limits[$0], high * weights[$0]) }
    }
}
