// Plots as SVG: lines over the hours of a day, or areas on top of one another.

struct Plot {
    struct Series {
        let name: String
        let points: [(x: Double, y: Double)]
        var isDashed = false
        /// Drawn on top of the ones before.
        var isArea = false
    }

    let title: String
    let unit: String
    var series: [Series]
    /// Hours that are marked, with what happened then.
    var marks: [(from: Double, to: Double, label: String)] = []

    private static let (width, height) = (900.0, 420.0)
    private static let (left, right, top, bottom) = (64.0, 190.0, 40.0, 40.0)
    /// Told apart by those who see colours otherwise, too (Okabe and Ito, and one of Tol's, the ninth). What is
    /// dashed is a plan and takes none of them, so that a policy has the same colour beside one and without.
    private static let colours = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#000000", "#882255",
        "#F0E442",
    ]
    private static let dashes = "#444444"

    var svg: String {
        let stacked = stack()
        let ys = stacked.flatMap { $0.map(\.y) }
        let (low, high) = (min(ys.min() ?? 0, 0), nice(ys.max() ?? 1))
        let xs = series.flatMap { $0.points.map(\.x) }
        let last = xs.max() ?? 24
        func x(_ value: Double) -> Double {
            Self.left + value / last * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - (value - low) / (high - low) * (Self.height - Self.top - Self.bottom)
        }
        func tenth(_ value: Double) -> String { decimal(value, 1) }
        var out = """
            <svg xmlns="http://www.w3.org/2000/svg" width="900" height="420" viewBox="0 0 900 420" \
            font-family="sans-serif" font-size="12">
            <rect width="900" height="420" fill="#fff"/>
            <text x="\(tenth(Self.left))" y="22" font-size="15" font-weight="bold">\(escaped(title))</text>

            """
        for mark in marks {
            out +=
                "<rect x=\"\(tenth(x(mark.from)))\" y=\"\(tenth(Self.top))\" "
                + "width=\"\(tenth(max(x(mark.to) - x(mark.from), 1.5)))\" "
                + "height=\"\(tenth(Self.height - Self.top - Self.bottom))\" fill=\"#ddd\"/>\n"
                + "<text x=\"\(tenth(x(mark.to) + 4))\" y=\"\(tenth(Self.top + 12))\" fill=\"#555\">\(escaped(mark.label))</text>\n"
        }
        for step in 0...5 {
            let value = low + (high - low) * Double(step) / 5
            out +=
                "<path d=\"M\(tenth(Self.left)) \(tenth(y(value)))H\(tenth(Self.width - Self.right))\" stroke=\"#eee\"/>"
                + "<text x=\"\(tenth(Self.left - 6))\" y=\"\(tenth(y(value) + 4))\" text-anchor=\"end\">\(tick(value, high - low))</text>\n"
        }
        for hour in stride(from: 0.0, through: last + 0.01, by: last > 12 ? 4 : 1) {
            out +=
                "<text x=\"\(tenth(x(hour)))\" y=\"\(tenth(Self.height - Self.bottom + 18))\" "
                + "text-anchor=\"middle\">\(Int(hour)) h</text>\n"
        }
        out +=
            "<text x=\"\(tenth(Self.left))\" y=\"\(tenth(Self.top - 4))\" fill=\"#555\">\(escaped(unit))</text>\n"
        var solid = 0
        for (at, one) in series.enumerated() {
            let colour = one.isDashed ? Self.dashes : Self.colours[solid % Self.colours.count]
            solid += one.isDashed ? 0 : 1
            let points = stacked[at]
            let path = points.map { "\(tenth(x($0.x))) \(tenth(y($0.y)))" }.joined(separator: "L")
            if one.isArea {
                let below = (at > 0 && series[at - 1].isArea ? stacked[at - 1] : points.map { ($0.x, 0.0) })
                    .reversed().map { "\(tenth(x($0.0))) \(tenth(y($0.1)))" }.joined(separator: "L")
                out += "<path d=\"M\(path)L\(below)Z\" fill=\"\(colour)\" fill-opacity=\"0.75\"/>\n"
            } else {
                out +=
                    "<path d=\"M\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.8\""
                    + (one.isDashed ? " stroke-dasharray=\"6 4\"" : "") + "/>\n"
            }
            let line = Self.top + 14 + 18 * Double(at)
            let start = Self.width - Self.right + 14
            out +=
                "<path d=\"M\(start) \(line - 4)h18\" stroke=\"\(colour)\" stroke-width=\"4\""
                + (one.isDashed ? " stroke-dasharray=\"6 4\"" : "") + "/>"
                + "<text x=\"\(start + 24)\" y=\"\(line)\">\(escaped(one.name))</text>\n"
        }
        return out + "</svg>\n"
    }

    private func stack() -> [[(x: Double, y: Double)]] {
        var below: [Double] = []
        return series.map { one in
            guard one.isArea else { return one.points }
            if below.isEmpty { below = one.points.map { _ in 0 } }
            let sums = zip(one.points, below).map { (x: $0.x, y: $0.y + $1) }
            below = sums.map(\.y)
            return sums
        }
    }

    private func nice(_ most: Double) -> Double {
        guard most > 0 else { return 1 }
        var power = 1.0
        while power * 10 <= most { power *= 10 }
        while power > most { power /= 10 }
        for factor in [1.0, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] where most <= factor * power {
            return factor * power
        }
        return most
    }

    private func tick(_ value: Double, _ range: Double) -> String {
        decimal(value, range >= 20 ? 0 : range >= 2 ? 1 : 2)
    }

    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { $0 += $1 == "&" ? "&amp;" : $1 == "<" ? "&lt;" : String($1) }
    }
}
