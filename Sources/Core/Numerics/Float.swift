// The same functions of single precision: by way of Double, which makes them the nearest Float but for about
// one in a hundred million arguments.
extension Float {
    public static func exp(_ x: Float) -> Float { Float(Double.exp(Double(x))) }
    public static func exp2(_ x: Float) -> Float { Float(Double.exp2(Double(x))) }
    public static func expm1(_ x: Float) -> Float { Float(Double.expm1(Double(x))) }
    public static func log(_ x: Float) -> Float { Float(Double.log(Double(x))) }
    public static func log2(_ x: Float) -> Float { Float(Double.log2(Double(x))) }
    public static func log1p(_ x: Float) -> Float { Float(Double.log1p(Double(x))) }
    public static func sigmoid(_ x: Float) -> Float { Float(Double.sigmoid(Double(x))) }
    public static func tanh(_ x: Float) -> Float { Float(Double.tanh(Double(x))) }
    public static func pow(_ x: Float, _ y: Float) -> Float { Float(Double.pow(Double(x), Double(y))) }
    public static func erf(_ x: Float) -> Float { Float(Double.erf(Double(x))) }
    @inlinable public static func squareRoot(_ x: Float) -> Float { x.squareRoot() }
}
