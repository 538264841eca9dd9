// Arguments for the functions: of every size, and at the places that are hard for each. All are finite, and
// within the function's domain.
import Numerics
import Units

struct RealArguments {
    private var random: Randomness

    init(seed: UInt64) { random = Randomness(seed: seed) }

    mutating func next(for function: TestedFunction) -> (Double, Double) {
        switch function {
        case .exp: return (draw([-746...710, -1...1, -746...(-707), 709...710], small: 0x1p-60), 0)
        case .exp2: return (draw([-1076...1024, -1...1, -1076...(-1021), 1023...1024], small: 0x1p-60), 0)
        case .expm1: return (draw([-41...710, -1...1, -0.001...0.001, -0.1...0.1], small: 0x1p-60), 0)
        case .sigmoid: return (draw([-746...65, -8...8, -65...65, -746...(-700)], small: 0x1p-60), 0)
        case .tanh: return (draw([-23...23, -1...1, -0.001...0.001, -0.1...0.1], small: 0x1p-60), 0)
        case .erf: return (draw([-6.1...6.1, -1...1, -0.05...0.05, -3...3], small: 0x1p-1000), 0)
        case .log, .log2: return (positive(), 0)
        case .log1p:
            switch random.next(below: 4) {
            case 0: return (positive(), 0)
            case 1: return (uniform(-1...2).nextUp, 0)
            default: return (draw([-0.5...0.5, -0.001...0.001], small: 0x1p-60), 0)
            }
        case .pow:
            let x = positive()
            let logarithm = Double.log(x)
            let y = uniform(-746...710) / (logarithm == 0 ? 1 : logarithm)
            return random.next(below: 4) == 0 ? (x, y.rounded()) : (x, y)
        }
    }

    private mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * random.nextUnit()
    }

    /// From one of the ranges, or of a size between the small one and 1, whose logarithm is uniform.
    private mutating func draw(_ ranges: [ClosedRange<Double>], small: Double) -> Double {
        let choice = Int(random.next(below: UInt64(ranges.count + 1)))
        if choice < ranges.count { return uniform(ranges[choice]) }
        let size = Double.exp(uniform(Double.log(small)...0))
        return random.next(below: 2) == 0 ? size : -size
    }

    /// Any positive number, one between a half and two, one near one, or a subnormal one.
    private mutating func positive() -> Double {
        switch random.next(below: 4) {
        case 0: return Double(bitPattern: random.next(below: 0x7FF0_0000_0000_0000 - 1) + 1)
        case 1: return uniform(0.5...2)
        case 2:
            let step = Double.exp(uniform(-36...(-1)))
            return random.next(below: 2) == 0 ? 1 + step : 1 - step
        default: return Double(bitPattern: random.next(below: 1 << 52) + 1)
        }
    }

    /// Where rows of tables change, results leave the ordinary numbers, or a function takes another way; each
    /// with its neighbours, and from both sides.
    static func hard(for function: TestedFunction) -> [(Double, Double)] {
        let step = 0x1.62e42fefa39efp-13
        /// The middles between multiples of the step, which is where roundings change.
        func middles(_ count: Int, of step: Double, from start: Double = 0) -> [Double] {
            (0..<count).map { (number: Int) -> Double in start + (Double(number) + 0.5) * step }
        }
        func multiples(_ count: Int, of step: Double, from start: Double = 0) -> [Double] {
            (1...count).map { (number: Int) -> Double in start + Double(number) * step }
        }
        var places: [Double] = [0x1p-1074, 0x1p-1022, 0x1p-60, 0x1p-54, 0x1p-53, 0x1p-28, 1]
        switch function {
        case .exp, .sigmoid, .expm1, .tanh:
            places += middles(70, of: step)
            places += multiples(40, of: 0x1.62e42fefa39efp-1)
            places += [22, 40, 64, 707, 708, 708.3964185322641, 709.436139303104, 709.782712893384]
            places += [744.4400719213812, 745.1332191019411]
        case .exp2:
            places += middles(70, of: 0x1p-12)
            places += multiples(40, of: 1)
            places += [1021, 1022, 1023, 1024, 1073, 1074, 1075]
        case .log, .log2, .log1p, .pow:
            places += multiples(128, of: 0x1p-8, from: 0x1.69p-1)
            places += middles(70, of: 0x1p-13)
            places += middles(70, of: 0x1p-13, from: 1)
            places += [0x1p1023, Double.greatestFiniteMagnitude]
        case .erf:
            places += middles(192, of: 0x1p-5)
            places += multiples(192, of: 0x1p-5)
            places += [5.9, 6]
        }
        let near = places.flatMap { [$0.nextDown, $0, $0.nextUp] }
        let both: [Double]
        switch function {
        case .log, .log2: both = near.filter { $0 > 0 }
        case .log1p: both = (near + near.map { -$0 }).filter { $0 > -1 }
        case .pow:
            let positive = near.filter { $0 > 0 && $0 < .infinity && $0 != 1 }
            return positive.flatMap { (x: Double) -> [(Double, Double)] in
                let powers: [Double] = [0.5, 2, 3, -1, 0.1, 700 / Double.log(x)]
                return powers.map { (x, $0) }
            }
        default: both = near + near.map { -$0 }
        }
        return both.filter(\.isFinite).map { ($0, 0) }
    }
}
