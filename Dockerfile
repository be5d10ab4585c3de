# docker build -t ecgomics .   (see compose.yaml for the whole server)
FROM python:3.12-slim-bookworm AS build
RUN python -m venv /opt/ecgomics
ENV PATH=/opt/ecgomics/bin:$PATH
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE CHANGELOG.md ./
COPY app app
COPY widgets widgets
RUN pip install --no-cache-dir -c constraints.txt '.[scale,latent,live,service]'

FROM python:3.12-slim-bookworm
COPY --from=build /opt/ecgomics /opt/ecgomics
RUN useradd --system --create-home --uid 10001 ecgomics && mkdir /data && chown ecgomics /data
ENV PATH=/opt/ecgomics/bin:$PATH PYTHONUNBUFFERED=1 BOKEH_RESOURCES=server NUMBA_CACHE_DIR=/home/ecgomics/.cache/numba
USER ecgomics
VOLUME /data
EXPOSE 5006 8000
ENTRYPOINT ["ecgomics"]
CMD ["--help"]
