// What a second of a pod costs: the price at which the relaxed problem's bound is least, and what each candidate is charged
// for.
internal import Units

extension PodModel {
    /// The time of a segment that its candidates can use: all of their durations are multiples of some number,
    /// and so is every sum of them.
    private func seconds(of segment: Int, _ problem: borrowing PodProblem, _ draft: borrowing PodDraft)
        -> Int32
    {
        let eligible = draft.eligible[segment]
        var divisor: Int32 = 0
        var longest: Int32 = 0
        for index in 0..<durationCount where draft.lasting[index] & eligible != 0 {
            var (a, b) = (divisor, durations[index])
            longest = b
            while b > 0 { (a, b) = (b, a % b) }
            divisor = a
        }
        guard divisor > 0 else { return 0 }
        let (capacity, total) = (problem.segments[segment].capacity, problem.segments[segment].totalSeconds)
        guard capacity > 1 else { return longest }
        // More than its ads can fill is of no use either.
        let useful = min(Int64(total), Int64(longest) * Int64(capacity))
        return Int32(useful / Int64(divisor) * Int64(divisor))
    }

    /// The price of a second at which the relaxed problem's bound is least. A slot has one ad however short it is: it is
    /// charged for so many seconds as the shortest of the ads that would rather stand there than in a dynamic part.
    mutating func setTime(_ problem: borrowing PodProblem, _ draft: inout PodDraft) {
        var (hasSlots, hasDynamic) = (false, false)
        for segment in 0..<segmentCount {
            draft.eligible[segment] &= draft.kept
            draft.seconds[segment] = seconds(of: segment, problem, draft)
            draft.charge[segment] = draft.seconds[segment]
            if problem.segments[segment].capacity > 1 { hasDynamic = true } else { hasSlots = true }
        }
        var least = setPrice(problem, &draft)
        guard hasSlots, hasDynamic, secondPrice > 0 else { return }
        for _ in 0..<Self.rechargesMost {
            let before = (secondPrice, timeWorth)
            guard draft.recharge(problem) else { return }
            let bound = setPrice(problem, &draft)
            guard bound < least else {
                (secondPrice, timeWorth) = before
                draft.takeBackCharges(problem)
                return
            }
            least = bound
        }
    }

    private static var rechargesMost: Int { 3 }

    /// The price of a second for these charges, and the bound that comes of it. The two sets of ads whose lines meet at
    /// the price are the best below it and above it (Dantzig, Wolfe).
    private mutating func setPrice(_ problem: borrowing PodProblem, _ draft: inout PodDraft) -> Worth {
        secondPrice = 0
        var time: Int64 = 0
        for segment in 0..<segmentCount { time += Int64(draft.charge[segment]) }
        draft.setCharges(problem)
        var over = draft.relaxed(at: 0, positions: problem.positionCount)
        var met = over
        var under = PodRelaxed()
        if over.seconds > time {
            // Each round replaces one of the two lines by a steeper or flatter one; a dozen is more than was
            // ever needed, and any price gives a true bound.
            for _ in 0..<12 {
                secondPrice = (over.worth - under.worth) / Worth(over.seconds - under.seconds)
                met = draft.relaxed(at: secondPrice, positions: problem.positionCount)
                if met.worth - secondPrice * Worth(met.seconds)
                    <= over.worth - secondPrice * Worth(over.seconds)
                {
                    break
                }
                if met.seconds > time { over = met } else { under = met }
            }
        }
        timeWorth = secondPrice * Worth(time)
        return timeWorth + met.worth - secondPrice * Worth(met.seconds)
    }
}

/// What a set of ads is worth and how long it takes.
struct PodRelaxed {
    var worth: Worth = 0
    var seconds: Int64 = 0
}

extension PodDraft {
    /// The best ads at a price of time, one of each clique at most, where nothing else is asked.
    mutating func relaxed(at price: Worth, positions: Int) -> PodRelaxed {
        var best = InlineArray<16, Worth>(repeating: 0)
        var found = 0
        for clique in 0..<cliqueCount {
            var most: Worth = 0
            var which = -1
            for i in bits(of: cliques[clique]) {
                let reduced = ranks[i].worth &- price &* Worth(charged[i])
                if reduced > most { (most, which) = (reduced, i) }
            }
            guard which >= 0, found < positions || most > best[found - 1] else { continue }
            var at = found < positions ? found : found - 1
            if found < positions { found += 1 }
            while at > 0, best[at - 1] < most {
                best[at] = best[at - 1]
                chosen[at] = chosen[at - 1]
                at -= 1
            }
            best[at] = most
            chosen[at] = which
        }
        var sum = PodRelaxed()
        for at in 0..<found {
            sum.worth += ranks[chosen[at]].worth
            sum.seconds += Int64(charged[chosen[at]])
        }
        chosenCount = found
        return sum
    }

    /// What each candidate is charged: its own seconds in a dynamic part, a slot's charge there, and the less of the two.
    mutating func setCharges(_ problem: borrowing PodProblem) {
        var dynamic: UInt32 = 0
        for segment in 0..<problem.segmentCount where problem.segments[segment].capacity > 1 {
            dynamic |= 1 &<< UInt32(segment)
        }
        for i in bits(of: kept) {
            var least = takers[i] & dynamic == 0 ? Int32.max : ranks[i].seconds
            for segment in bits(of: UInt64(takers[i] & ~dynamic)) { least = min(least, charge[segment]) }
            charged[i] = least
        }
    }

    /// New charges of slots from the ads that were chosen last; false where they are as they were.
    mutating func recharge(_ problem: borrowing PodProblem) -> Bool {
        var isChanged = false
        for segment in 0..<problem.segmentCount {
            chargeBefore[segment] = charge[segment]
            guard problem.segments[segment].capacity == 1 else { continue }
            var alike = 0
            for other in 0..<problem.segmentCount
            where problem.segments[other].capacity == 1 && eligible[other] == eligible[segment] { alike += 1 }
            // The longest first.
            var longest = InlineArray<16, Int32>(repeating: 0)
            var count = 0
            for at in 0..<chosenCount where eligible[segment] >> UInt64(chosen[at]) & 1 == 1 {
                let seconds = ranks[chosen[at]].seconds
                var place = count
                count += 1
                while place > 0, longest[place - 1] < seconds {
                    longest[place] = longest[place - 1]
                    place -= 1
                }
                longest[place] = seconds
            }
            let new = longest[min(alike, 16) - 1]
            if new != charge[segment] { (charge[segment], isChanged) = (new, true) }
        }
        return isChanged
    }

    mutating func takeBackCharges(_ problem: borrowing PodProblem) {
        for segment in 0..<problem.segmentCount { charge[segment] = chargeBefore[segment] }
        setCharges(problem)
    }
}
