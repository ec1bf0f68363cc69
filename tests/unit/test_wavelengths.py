"""Axes of spectra and of models: matched by value, interpolated where that is asked for, refused where they differ."""

import itertools

import numpy as np
import pytest

from nws.dataset import Axis
from nws.engine.wavelengths import BY_POSITION, INTERPOLATED, REORDERED, SAME, described, match, packed, unpacked
from nws.errors import BadInput

NM = [900.0 + 2 * place for place in range(11)]
MODEL = Axis(unit="nm", values=NM)


def line(axis):
    """Spectra that are straight lines over the wavelength in nm."""
    values = np.array(axis.values)
    nm = values if axis.unit == "nm" else 1e7 / values
    return np.outer([1.0, -2.0], nm) + 3


def matched(values, unit="nm", **options):
    return match(MODEL, len(NM), Axis(unit=unit, values=list(values)), where="new.csv", **options)


def refused(values, unit="nm", **options):
    with pytest.raises(BadInput) as caught:
        matched(values, unit, **options)
    return caught.value


def test_the_same_axis_is_taken_as_it_is():
    spectra = line(MODEL)
    spectra.flags.writeable = False
    found = matched(NM)
    taken = found.apply(spectra)
    assert found.how == SAME
    assert not found.warning
    assert taken.tobytes() == spectra.tobytes()
    assert taken.flags.c_contiguous
    taken[:] = 0
    assert spectra.all()


def test_headers_may_be_rounded():
    assert matched([value + 0.019 for value in NM]).how == SAME
    refused([value + 0.021 for value in NM])


@pytest.mark.parametrize("order", [slice(None, None, -1), [3, 0, 1, 2, 10, 9, 8, 7, 6, 5, 4]])
def test_another_order_is_matched_by_value(order):
    values = np.array(NM)[order]
    found = matched(values.tolist())
    taken = found.apply(line(Axis(unit="nm", values=values.tolist())))
    assert found.how == REORDERED
    assert not found.warning
    assert taken.flags.c_contiguous
    assert (taken == line(MODEL)).all()


def test_units_are_converted_in_both_directions():
    wavenumbers = [round(1e7 / value, 2) for value in NM]
    assert matched(wavenumbers, "cm-1").how == SAME
    assert matched(wavenumbers[::-1], "cm-1").how == REORDERED
    model = Axis(unit="cm-1", values=wavenumbers)
    assert match(model, 11, MODEL, where="new.csv").how == SAME


def test_missing_wavelengths_are_named():
    error = refused(NM[:4] + NM[6:])
    assert "lacks 908, 910 nm" in error.message
    assert "too many" not in error.message
    assert "900 to 920 nm in steps of 2" in error.message
    assert "--interpolate" in error.hint


def test_wavelengths_that_are_too_many_are_named():
    error = refused([*NM[:4], 907.0, *NM[4:]])
    assert "it has 907 nm too many" in error.message
    assert "lacks" not in error.message


def test_another_axis_is_refused_with_both_ranges_units_and_steps():
    error = refused([1000.0 + 5 * place for place in range(11)])
    assert "11 features, 1000 to 1050 nm in steps of 5" in error.message
    assert "the model: 11 features, 900 to 920 nm in steps of 2" in error.message
    assert "--interpolate" not in error.hint
    assert "cm⁻¹" in refused([9000.0 - 4 * place for place in range(11)], "cm-1").message


def test_interpolation_is_proposed_where_it_would_be_done():
    for least in (900.019, 900.021):
        values = [least, *np.linspace(901, 920, 17).tolist()]
        hint = refused(values).hint
        assert ("--interpolate" in hint) == (least < 900.02)
        assert ("extrapolated" in hint) == (least > 900.02)
    assert matched([900.019, *np.linspace(901, 920, 17).tolist()], interpolate=True).how == INTERPOLATED


@pytest.mark.parametrize("unit", ["nm", "cm-1"])
def test_a_straight_line_is_interpolated_exactly(unit):
    nm = np.linspace(898, 921, 40)
    values = nm if unit == "nm" else 1e7 / nm
    axis = Axis(unit=unit, values=values.tolist())
    found = matched(axis.values, unit, interpolate=True)
    assert found.how == INTERPOLATED
    assert "interpolated from 40 features" in found.warning
    np.testing.assert_allclose(found.apply(line(axis)), line(MODEL), rtol=1e-12)


def test_interpolation_agrees_with_numpy():
    rng = np.random.default_rng(0)
    values = np.sort(rng.uniform(899, 921, 30))
    values[0], values[-1] = 899, 921
    spectra = rng.normal(size=(3, 30))
    for order in (slice(None), slice(None, None, -1)):
        found = matched(values[order].tolist(), interpolate=True).apply(spectra[:, order])
        np.testing.assert_allclose(found, [np.interp(NM, values, row) for row in spectra], rtol=1e-12)


def test_wavelengths_that_are_there_are_not_changed_by_interpolation():
    more = [*NM, 921.0]
    spectra = np.random.default_rng(1).normal(size=(2, 12))
    assert (matched(more, interpolate=True).apply(spectra) == spectra[:, :11]).all()


@pytest.mark.parametrize("values", [NM[:-1], NM[1:], [901.0, 930.0]])
def test_nothing_is_extrapolated(values):
    error = refused(values, interpolate=True)
    assert "does not cover" in error.message
    assert "extrapolated" in error.hint


def test_axes_that_do_not_run_one_way_are_not_interpolated():
    twice = [899.0, *NM[1:], 904.0, 925.0]
    assert "one way" in refused(twice, interpolate=True).message
    refused([*NM[:5], *NM[4:10]])
    model = Axis(unit="nm", values=[*NM, 905.0])
    assert match(model, 12, model, where="new.csv").how == SAME
    with pytest.raises(BadInput, match="one way"):
        match(model, 12, Axis(unit="nm", values=[899.0, *NM, 921.0]), where="new.csv", interpolate=True)


@pytest.mark.parametrize(
    "values", [NM, [round(12493.2 - 3.857 * place, 2) for place in range(500)], [900.0, 905.0, 1000.0], [1.0, 2.0, 3.0]]
)
def test_a_record_keeps_an_axis(values):
    axis = Axis(unit="nm", values=values)
    told = packed(axis)
    back = unpacked(told, len(values))
    step = min(abs(after - before) for before, after in itertools.pairwise(values))
    np.testing.assert_allclose(back.values, values, rtol=0, atol=step / 400)
    assert ("values" in told) == (values[1] == 905)
    assert match(back, len(values), axis, where="new.csv").how == SAME


def test_without_a_header_only_the_number_counts():
    found = matched(range(1, 12), "index")
    assert found.how == BY_POSITION
    assert "900 to 920 nm" in found.warning
    assert found.lower is None
    assert "12 features, the model has 11" in refused(range(1, 13), "index").message


def test_a_model_without_wavelengths_says_so():
    index = Axis(unit="index", values=[float(place) for place in range(1, 12)])
    assert "does not say its wavelengths" in match(index, 11, MODEL, where="new.csv").warning
    assert not match(index, 11, index, where="new.csv").warning
    assert "not known here" in match(None, 11, MODEL, where="new.csv").warning


def test_what_is_no_wavelength_is_not_converted():
    assert "0 or less" in refused([0.0, *NM[1:]], "cm-1").message


def test_uneven_steps_are_said():
    assert described(Axis(unit="cm-1", values=[4000.0, 4004.0, 4010.0])).endswith(
        "4000 to 4010 cm⁻¹ in steps of 4 to 6"
    )
